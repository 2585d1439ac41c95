package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"messagehub/actors"
	"messagehub/actors/channel"
	"messagehub/cmd/messagehub/config"
	"messagehub/relay"
	"messagehub/relay/access"
	"messagehub/relay/distribute"
	"messagehub/relay/webhook"
	"messagehub/store"
	"messagehub/store/message"
)

// hubOptions is what a Hub is made of.
type hubOptions struct {
	config *config.Config
	specs  []channel.Spec
	log    *logging
	// acceptOnly: nothing is delivered, and the backlog has no ceiling.
	acceptOnly bool
	// acceptLoss: a store that has lost its end is opened all the same.
	acceptLoss bool
	// observed, if not nil, is told of every public event.
	observed func(message.Event)
	// prepare, if not nil, is called with the open store before anything reads
	// keys and workspaces from it.
	prepare func(*store.Store) error
}

// Hub is the whole relay: store, delivery, front door and operations, joined.
// What one of them needs of another it gets here, and only here.
type Hub struct {
	hubOptions
	tiers   tierTable
	working []config.Sender // the senders in force; changed by reload alone
	store   *store.Store
	keys    *relay.Keyring
	access  *access.Book
	metrics *relay.Metrics
	usage   *keyUsage
	// retention removes what is old; nil where messages are kept for ever.
	retention *retention
	vault     *vault
	pauses    pauses
	former    formerSettings
	sandbox   *sandbox // nil where there is none
	inbox     *inbox
	system    *actors.System // always made: it reads receipts, too
	webhooks  *webhook.Deliverer
	expander  *distribute.Runner
	api       *relay.Server
	// loopback is the same API for the sandbox's simulators, in memory.
	loopback *relay.Server
	ops      *relay.Ops // nil where it is off
	admin    *adminServer

	listener    net.Listener
	opsListener net.Listener
	failed      chan error // why Run must end; the first counts
	work        sync.WaitGroup
	closing     sync.Once
	closeErr    error
}

// newHub opens the store and the listeners and joins everything. Nothing is
// accepted before Run. The caller closes the Hub.
func newHub(o hubOptions) (*Hub, error) {
	h := &Hub{hubOptions: o, keys: relay.NewKeyring(), failed: make(chan error, 1)}
	h.tiers.set(o.config.Tiers)
	h.working = o.config.Senders
	for _, step := range []func() error{
		h.openStore, h.loadKeys, h.openVault, h.makeWebhooks, h.makeSandbox, h.makeExpander, h.makeDelivery, h.makeAPI, h.makeOps, h.openAdmin,
	} {
		if err := step(); err != nil {
			return nil, errors.Join(err, h.Close())
		}
	}
	return h, nil
}

func (h *Hub) openStore() error {
	c := h.config
	s, err := store.Open(c.Data, store.Options{
		Shards: c.Delivery.Shards, Logger: h.log.Logger, LowWater: c.Store.LowWater, CacheSize: c.Store.Cache,
		AcceptLoss: h.acceptLoss,
		OnPoison: func(err error) {
			h.fail(fail(exitPoisoned, "Nothing is acknowledged any more. Look at the disk, then start again: what was acknowledged is on it.", "store can't be written: %w", err))
		},
	})
	if err != nil {
		return openFailure(c.Data, err)
	}
	h.store = s
	if h.prepare != nil {
		return h.prepare(s)
	}
	return nil
}

// openVault opens what senders keep sealed.
func (h *Hub) openVault() error {
	v, err := findVault(h.store, os.Getenv(vaultEnv), h.config.VaultKeyFile, h.config.Data)
	h.vault, h.pauses.vault, h.former = v, v, formerSettings{v, h.config.Delivery.FormerSecrets}
	return err
}

// loadKeys fills the keyring, and begins to note when keys are used.
func (h *Hub) loadKeys() error {
	workspaces, err := h.store.Workspaces()
	if err != nil {
		return err
	}
	for _, w := range workspaces {
		h.keys.PutWorkspace(h.tiers.apply(w))
	}
	var keys []message.Key
	for key, err := range h.store.Keys() {
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	h.keys.Replace(keys)
	h.access = access.NewBook(h.store, h.keys)
	h.usage = newKeyUsage(h.store, h.log.Logger)
	if h.config.Store.Retention > 0 {
		h.retention = newRetention(h.store, h.config.Store, h.log.Logger)
	}
	return nil
}

func (h *Hub) makeSandbox() error {
	if !h.config.Sandbox {
		return nil
	}
	h.sandbox = newSandbox(h.specs)
	return nil
}

func (h *Hub) openAdmin() error {
	o := &office{
		store: h.store, keys: h.access, ring: tieredRing{h.keys, &h.tiers}, tiers: h.tiers.all, now: now,
		delivery: h.system, pauses: &h.pauses,
		vault: func(string) (*vault, error) { return h.vault, nil },
	}
	a, err := newAdminServer(h.config.Data, o, h.log.Logger)
	h.admin = a
	return err
}

func now() message.Time { return message.TimeOf(time.Now()) }

// fail makes Run end with err. It never blocks.
func (h *Hub) fail(err error) {
	select {
	case h.failed <- err:
	default:
	}
}

// URL returns the address of the API.
func (h *Hub) URL() string { return "http://" + h.listener.Addr().String() }

// OpsURL returns the address of the operations listener; "" if it is off.
func (h *Hub) OpsURL() string {
	if h.opsListener == nil {
		return ""
	}
	return "http://" + h.opsListener.Addr().String()
}

// Run serves until ctx ends or something fails for good; then it drains, in
// reverse: no new work, requests and sends in flight finish. ready is called
// once everything is up.
func (h *Hub) Run(ctx context.Context, ready func() error) error {
	deliver, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	delivered := h.start(deliver)
	if !h.acceptOnly {
		delivered = both(delivered, both(h.startWebhooks(deliver), h.startExpander(deliver)))
	}
	if err := ready(); err != nil {
		h.fail(err)
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-h.failed:
	}
	if h.store.Healthy() != nil { // nothing can be finished any more
		h.webhooks.Cut()
		return err
	}
	h.log.Info("draining")
	return errors.Join(err, h.drain(stop, delivered))
}

// both is closed when both are.
func both(a, b <-chan struct{}) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-a
		<-b
	}()
	return done
}

// start begins everything. The channel is closed when delivery has ended.
func (h *Hub) start(deliver context.Context) (delivered <-chan struct{}) {
	done := make(chan struct{})
	hooks := store.Hooks{Observe: h.observe, Committed: h.metrics.ObserveCommit}
	if h.acceptOnly {
		close(done)
	} else {
		hooks.Feed = h.system.Offer
		h.work.Go(func() {
			defer close(done)
			if err := h.system.Run(deliver); err != nil {
				h.fail(fmt.Errorf("deliver: %w", err))
			}
		})
	}
	h.store.Start(hooks)
	h.usage.start()
	if h.retention != nil {
		h.retention.start()
	}
	h.work.Go(h.admin.serve)
	if h.ops != nil {
		h.serve("operations", func() error { return h.ops.Serve(h.opsListener) })
	}
	if h.sandbox != nil {
		h.serve("sandbox", h.sandbox.serve)
		h.serve("sandbox callbacks", func() error { return h.loopback.Serve(h.sandbox.callbacks) })
	}
	h.serve("API", func() error { return h.api.Serve(h.listener) })
	return done
}

// serve runs one of the servers; its end before the drain ends the Hub.
func (h *Hub) serve(what string, run func() error) {
	h.work.Go(func() {
		if err := run(); err != nil {
			h.fail(fmt.Errorf("%s: %w", what, err))
		}
	})
}
