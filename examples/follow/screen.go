package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"charm.land/bubbles/v2/progress"
	tea "charm.land/bubbletea/v2"
	"golang.org/x/term"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// showScreen follows an update with a view that is drawn anew, on a screen of its
// own. What is left on the terminal at the end is all that there was to tell.
func showScreen(ctx context.Context, u *update, out *program.Output) error {
	ctx, cancel := context.WithCancel(ctx)
	v := newView(u, cancel)
	// Interrupts end the context, and are not the terminal library's.
	screen := tea.NewProgram(v, tea.WithContext(ctx), tea.WithOutput(out.Stdout), tea.WithInput(keyboard(os.Stdin)), tea.WithoutSignalHandler())
	done := make(chan struct{})
	go func() {
		defer close(done)
		var e end
		e.status, e.err = u.follow(ctx, func(event *pulumiapi.EngineEvent) error {
			screen.Send(event)
			return nil
		})
		screen.Send(e)
	}()
	_, err := screen.Run()
	interrupted := ctx.Err()
	cancel()
	<-done
	if err != nil && interrupted == nil {
		return err
	}
	if _, err := fmt.Fprint(out.Stdout, v.whole()); err != nil {
		return err
	}
	if v.ended == nil {
		return interrupted // by a signal, a key or the clock
	}
	return v.ended.err
}

// keyboard returns a file if it is a keyboard. Any other file has no keys to press,
// and some can't be waited for.
func keyboard(file *os.File) io.Reader {
	if !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	return file
}

// end says that the update has ended, or that there was no finding out.
type end struct {
	status pulumiapi.UpdateStatus
	err    error
}

// tick says that time has passed.
type tick struct{}

// view is the model of the screen.
type view struct {
	update        *update
	story         *story
	bar           progress.Model
	width, height int
	begun, now    time.Time
	ended         *end // nil until then
	stop          func()
}

func newView(u *update, stop func()) *view {
	now := time.Now()
	return &view{
		update: u, story: newStory(u.resources), bar: progress.New(progress.WithDefaultBlend()), width: 80, height: 24,
		begun: now, now: now, stop: stop,
	}
}

// Init starts the clock.
func (v *view) Init() tea.Cmd { return wait() }

func wait() tea.Cmd {
	return tea.Tick(time.Second, func(time.Time) tea.Msg { return tick{} })
}

// Update takes what has happened.
func (v *view) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	v.now = time.Now()
	switch msg := msg.(type) {
	case *pulumiapi.EngineEvent:
		v.story.add(msg)
	case end:
		v.ended = &msg
		return v, tea.Quit
	case tea.WindowSizeMsg:
		v.width, v.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		if key := msg.String(); key == "q" || key == "ctrl+c" || key == "esc" {
			v.stop()
			return v, tea.Quit
		}
	case tick:
		return v, wait()
	}
	return v, nil
}

// View draws the screen.
func (v *view) View() tea.View {
	drawn := tea.NewView(strings.Join(v.lines(), "\n"))
	drawn.AltScreen = true
	return drawn
}

// lines returns the lines of the screen: the title, the bar, and as many of the
// changes and messages as there is room for, of which the newest count.
func (v *view) lines() []string {
	lines := []string{v.title(), v.progress(), ""}
	room := max(4, v.height-len(lines)-3)
	// Messages get half of the room, or what changes leave over.
	messages := min(len(v.story.messages), max(room/2, room-len(v.story.changes)))
	lines = append(lines, newest(v, v.story.changes, room-messages, change.line)...)
	if messages > 0 {
		lines = append(append(lines, ""), newest(v, v.story.messages, messages, func(l line) line { return l })...)
	}
	return append(lines, "", program.Faint("q: stop watching"))
}

// newest returns the lines of the last things of which there are too many, with how
// many are left out in the place of the first. A long story costs no more than a short
// one: the screen is drawn with each event.
func newest[T any](v *view, all []T, room int, lineOf func(T) line) []string {
	var lines []string
	if left := len(all) - room; left > 0 {
		left++ // whose line that is
		lines = append(lines, program.Faint(fmt.Sprintf("… %d more", left)))
		all = all[left:]
	}
	for _, thing := range all {
		l := lineOf(thing)
		l.text = program.Cut(l.text, max(20, v.width-markWidth-3))
		lines = append(lines, l.String())
	}
	return lines
}

func (v *view) title() string {
	stack := program.Printable(v.update.stack.String())
	return program.Bold(stack) + "  " + program.Cut(v.update.title, max(20, v.width-len([]rune(stack))-3))
}

// progress returns the bar and the numbers.
func (v *view) progress() string {
	done, total := v.story.progress()
	elapsed := v.now.Sub(v.begun).Truncate(time.Second)
	if total == 0 {
		return fmt.Sprintf("%s, %s", program.Count(done, "resource"), elapsed)
	}
	v.bar.SetWidth(min(60, max(10, v.width-40)))
	return fmt.Sprintf("%s %d of about %s, %s", v.bar.ViewAs(float64(done)/float64(total)), done, program.Count(total, "resource"), elapsed)
}

// whole returns everything that there was to tell.
func (v *view) whole() string {
	var text strings.Builder
	fmt.Fprintln(&text, program.Bold(program.Printable(v.update.stack.String())), "", v.update.title)
	for _, c := range v.story.changes {
		fmt.Fprintln(&text, c.line())
	}
	for _, message := range v.story.messages {
		fmt.Fprintln(&text, message)
	}
	if v.ended != nil && v.ended.status != "" {
		fmt.Fprintln(&text, v.story.closing(v.ended.status))
	}
	return text.String()
}
