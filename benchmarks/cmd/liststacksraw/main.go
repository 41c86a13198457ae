// Liststacksraw lists an organization's stacks by hand. It is there to be built, as
// liststacks is.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
)

func main() {
	if err := list(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "liststacksraw:", err)
		os.Exit(1)
	}
}

type page struct {
	Stacks []struct {
		OrgName       string `json:"orgName"`
		ProjectName   string `json:"projectName"`
		StackName     string `json:"stackName"`
		ResourceCount int    `json:"resourceCount"`
	} `json:"stacks"`
	ContinuationToken string `json:"continuationToken"`
}

func list(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: liststacksraw ORGANIZATION")
	}
	query := url.Values{"organization": args}
	for {
		stacks, err := get(ctx, "https://api.pulumi.com/api/user/stacks?"+query.Encode())
		if err != nil {
			return err
		}
		for _, stack := range stacks.Stacks {
			fmt.Printf("%s/%s/%s %d\n", stack.OrgName, stack.ProjectName, stack.StackName, stack.ResourceCount)
		}
		if stacks.ContinuationToken == "" {
			return nil
		}
		query.Set("continuationToken", stacks.ContinuationToken)
	}
}

func get(ctx context.Context, address string) (*page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "token "+os.Getenv("PULUMI_ACCESS_TOKEN"))
	req.Header.Set("Accept", "application/vnd.pulumi+8")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	stacks := new(page)
	if resp.StatusCode == http.StatusOK {
		err = json.NewDecoder(resp.Body).Decode(stacks)
	} else {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	_, copyErr := io.Copy(io.Discard, resp.Body)
	return stacks, errors.Join(err, copyErr, resp.Body.Close())
}
