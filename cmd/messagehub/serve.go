package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"messagehub/actors/channel/all"
	"messagehub/cmd/messagehub/config"
)

type serveFlags struct {
	config     string
	json       bool
	acceptLoss bool
}

func serveCommand(s streams) *cobra.Command {
	f := &serveFlags{}
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the relay", Args: cobra.NoArgs,
		Long: `Runs the relay with the senders of the configuration file.

SIGTERM and SIGINT drain: /readyz fails at once, requests and sends in flight
finish, and the process ends with 0 within ten seconds; a second signal ends it
at once. SIGHUP reads the configuration again and puts senders with their
secrets, tiers, limits and the log in force; a file with a fault changes
nothing.
` + exitHelp,
		Example: "  messagehub serve -c /etc/messagehub.yaml",
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), s) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.config, "config", "c", "", "configuration file")
	flags.BoolVar(&f.json, "json", false, "print one line of JSON when ready")
	flags.BoolVar(&f.acceptLoss, "accept-loss", false, "open a store that has lost its end; what is lost is noted in the audit log")
	_ = cmd.MarkFlagRequired("config")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	return cmd
}

func (f *serveFlags) run(ctx context.Context, s streams) error {
	loader := newLoader()
	c, err := loadConfig(loader, f.config)
	if err != nil {
		return err
	}
	log := newLogging(s.err, c.Log)
	defer log.Close()
	warn(log, c)
	o := hubOptions{config: c, specs: loader.Specs, log: log, acceptLoss: f.acceptLoss}
	reload := func(h *Hub) { h.reload(func() (*config.Config, error) { return loader.Load(f.config) }) }
	return runHub(ctx, o, reload, func(h *Hub) error {
		log.Info("ready", "version", versionText(), "api", h.URL(), "ops", h.OpsURL(), "data", c.Data, "configuration", describe(c))
		if !f.json {
			return nil
		}
		return printJSON(s, readyLine{API: h.URL(), Ops: h.OpsURL(), DataDir: c.Data})
	})
}

// readyLine is the line that --json prints.
type readyLine struct {
	API     string `json:"api"`
	Ops     string `json:"ops"`
	TestKey string `json:"testKey,omitempty"`
	DataDir string `json:"dataDir"`
}

// warn tells what is valid but probably not meant.
func warn(log *logging, c *config.Config) {
	if c.PublicURL == "" && len(c.Senders) > 0 {
		log.Warn("publicURL is not set: providers that are told where to report with each message will not report")
	}
	for _, s := range c.Senders {
		if published := publishedSecrets(s); len(published) > 0 {
			log.Warn("sender has secrets that the simulator publishes", "sender", s.Channel+"/"+s.Name, "settings", published)
		}
	}
	if strings.HasPrefix(c.PublicURL, "http://") {
		log.Warn("publicURL is not https: most providers refuse it", "publicURL", fmt.Sprintf("%.100s", c.PublicURL))
	}
}

// publishedSecrets names the secrets of a sender that everybody knows.
func publishedSecrets(s config.Sender) []string {
	spec, _ := specNamed(all.Specs(), s.Channel)
	var names []string
	for _, setting := range spec.Settings {
		if setting.Secret && setting.Sandbox != "" && s.Settings[setting.Name] == setting.Sandbox {
			names = append(names, setting.Name)
		}
	}
	return names
}
