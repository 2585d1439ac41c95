package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"messagehub/actors/channel/all"
	"messagehub/cmd/messagehub/config"
)

func configCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check a configuration file"}
	cmd.AddCommand(configCheckCommand(s))
	return cmd
}

func configCheckCommand(s streams) *cobra.Command {
	loader := newLoader()
	cmd := &cobra.Command{
		Use: "check FILE", Short: "Find every fault of a configuration file", Args: cobra.ExactArgs(1),
		Long: `Reads the file as "serve" does and lists every fault with its line, column and
remedy. With --skip-secrets the environment and the files that it refers to are
not read, so that it can be checked where they are not.`,
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := loadConfig(loader, args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.out, "%s is valid: %s\n", args[0], describe(c))
			return err
		},
	}
	cmd.Flags().BoolVar(&loader.SkipSecrets, "skip-secrets", false, "do not read the environment and the files referred to")
	return cmd
}

func newLoader() *config.Loader { return &config.Loader{Specs: all.Specs()} }

// loadConfig reads a configuration file; its faults end the process with
// exitConfig.
func loadConfig(loader *config.Loader, path string) (*config.Config, error) {
	c, err := loader.Load(path)
	var faults *config.Faults
	switch {
	case err == nil:
		return c, nil
	case errors.As(err, &faults):
		return nil, fail(exitConfig, "", "the configuration is not valid\n\n%w", err)
	case errors.Is(err, os.ErrNotExist):
		return nil, fail(exitConfig, "name the configuration file, such as /etc/messagehub.yaml", "%w", err)
	}
	return nil, fail(exitConfig, "", "%w", err)
}

// describe sums a configuration up: the channels and how many senders each
// has.
func describe(c *config.Config) string {
	var order []string
	count := map[string]int{}
	for _, sender := range c.Senders {
		if count[sender.Channel]++; count[sender.Channel] == 1 {
			order = append(order, sender.Channel)
		}
	}
	parts := make([]string, len(order))
	for i, name := range order {
		parts[i] = fmt.Sprintf("%s %d", name, count[name])
	}
	if len(parts) == 0 {
		return "no senders"
	}
	return "senders: " + strings.Join(parts, ", ")
}
