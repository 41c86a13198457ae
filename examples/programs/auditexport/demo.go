package main

import (
	"fmt"
	"time"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// demoOrg is an organization in the cloud in memory whose audit log of last month is
// the same in every process, so that there, too, an export can go on.
const demoOrg = "acme-archive"

// demoEvents is how many events there are.
const demoEvents = 1000

// seed fills the audit log of demoOrg, now and then with several events in a second.
func seed(srv *pulumiapitest.Server) error {
	kinds := []string{"Stack Update Started", "Stack Update Completed", "Secret Decrypted", "Stack Tag Updated"}
	people := []string{"ada", "grace", "linus"}
	now := time.Now().UTC()
	begin := time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, time.UTC)
	for i := range demoEvents {
		at := begin.Add(time.Duration(i-i%40/36) * 39 * time.Minute)
		err := srv.AddAuditLogEvent(demoOrg, pulumiapitest.AuditLogEvent{
			Time: at, Event: kinds[i%len(kinds)], Description: fmt.Sprintf("%s for stack \"webshop/prod\", no. %d", kinds[i%len(kinds)], i+1),
			User: pulumiapitest.User{Login: people[i%len(people)], Name: people[i%len(people)]}, SourceIP: "203.0.113.7",
		})
		if err != nil {
			return err
		}
	}
	return nil
}
