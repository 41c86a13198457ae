package pulumiapitest

import "strings"

// textTrie replaces texts by others. Adding one costs as much as it is long, however
// many there are: a [strings.Replacer] would be built anew for each.
type textTrie struct {
	roots [256]*trieNode // by the first byte
}

// trieNode stands for the texts that begin with what leads to it.
type trieNode struct {
	label    string // what leads here from the node above
	with     string // what replaces the text that ends here; "" if none does
	children map[byte]*trieNode
}

// add replaces text by with, from now on. Neither may be empty. It has no effect if
// the text is replaced by something already.
func (t *textTrie) add(text, with string) {
	at := &t.roots[text[0]]
	for {
		if *at == nil {
			*at = &trieNode{label: text, with: with}
			return
		}
		node := *at
		common := commonPrefix(node.label, text)
		if common < len(node.label) {
			lower := *node
			lower.label = node.label[common:]
			*node = trieNode{label: node.label[:common], children: map[byte]*trieNode{lower.label[0]: &lower}}
		}
		if text = text[common:]; text == "" {
			if node.with == "" {
				node.with = with
			}
			return
		}
		next, has := node.children[text[0]]
		if !has {
			if node.children == nil {
				node.children = map[byte]*trieNode{}
			}
			node.children[text[0]] = &trieNode{label: text, with: with}
			return
		}
		at = &next
	}
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// longest returns the length of the longest text that text begins with, and what
// replaces it; 0 if it begins with none.
func (t *textTrie) longest(text string) (length int, with string) {
	node, passed := t.roots[text[0]], 0
	for node != nil && strings.HasPrefix(text[passed:], node.label) {
		passed += len(node.label)
		if node.with != "" {
			length, with = passed, node.with
		}
		if passed == len(text) {
			break
		}
		node = node.children[text[passed]]
	}
	return length, with
}

// replace returns text with all texts in it replaced, from left to right. Where
// several begin, the longest is replaced.
func (t *textTrie) replace(text string) string {
	var out strings.Builder
	kept := 0
	for i := 0; i < len(text); {
		length, with := t.longest(text[i:])
		if length == 0 {
			i++
			continue
		}
		out.WriteString(text[kept:i])
		out.WriteString(with)
		i += length
		kept = i
	}
	if kept == 0 {
		return text
	}
	out.WriteString(text[kept:])
	return out.String()
}
