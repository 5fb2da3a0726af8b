package ssolab_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
)

// A thousand people (fewer under the race detector) stand at the identity provider's page at the same time, and then all go on: nobody fails, and each
// gets their own claims.
func TestAThousandSignInsAtOnce(t *testing.T) {
	t.Parallel()
	const people, active = atOnce, 16                                              // of those in flight so many send requests, or a loaded machine lets codes expire in queues
	l := ssolab.Run(t, func(c *ssolab.Config) { c.UpstreamTimeout = time.Minute }) // the machine may be busy with other tests
	transport := &http.Transport{MaxIdleConnsPerHost: active}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 5 * time.Minute}

	var arrived sync.WaitGroup
	arrived.Add(people)
	subs := make([]string, people)
	turn := make(chan struct{}, active)
	var group errgroup.Group
	for i := range people {
		group.Go(func() error {
			email := fmt.Sprintf("person%d@example.com", i)
			var once sync.Once
			turn <- struct{}{}
			defer func() { <-turn }()
			there := func() {
				once.Do(func() {
					arrived.Done()
					<-turn
					arrived.Wait()
					turn <- struct{}{}
				})
			}
			driver := &conformance.HTTPDriver{Client: client, Seen: func(h conformance.Hop) {
				if h.Status == http.StatusOK { // the provider's page
					there()
				}
			}}
			defer once.Do(arrived.Done) // one that failed before keeps nobody waiting
			journey, err := (&conformance.Flow{Target: target(l, email, "openid", "email"), Client: client, Driver: driver}).Run(t.Context())
			if err != nil {
				return fmt.Errorf("%s: %w", email, err)
			}
			var info struct{ Sub, Email string }
			if err := json.Unmarshal(journey.UserInfo, &info); err != nil || info.Email != email {
				return fmt.Errorf("%s was given the claims of %q: %w", email, info.Email, err)
			}
			subs[i] = info.Sub
			return nil
		})
	}
	require.NoError(t, group.Wait())
	different := map[string]bool{}
	for _, sub := range subs {
		different[sub] = true
	}
	require.Len(t, different, people)
}
