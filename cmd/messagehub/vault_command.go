package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
)

func vaultCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{Use: "vault", Short: "Change the key that senders' tokens and webhooks' secrets are sealed with"}
	cmd.AddCommand(vaultRekeyCommand(s))
	return cmd
}

func vaultRekeyCommand(s streams) *cobra.Command {
	var data dataFlag
	var out output
	var in rekeying
	cmd := &cobra.Command{
		Use: "rekey", Short: "Seal all tokens and secrets with another key", Args: cobra.NoArgs,
		Long: `Seals everything in the vault with another key, at once or not at all, while the
server runs or not. A key beside the data is drawn anew and replaced. For a key
of your own name the new one, and give it to the server before its next start:
with vaultKeyFile or $` + vaultEnv + `. Backups from before need the old key.`,
		RunE: func(*cobra.Command, []string) error {
			dir, err := data.path()
			if err != nil {
				return err
			}
			for _, file := range []*string{&in.KeyFile, &in.NewKeyFile} {
				if *file == "" {
					continue
				}
				if *file, err = filepath.Abs(*file); err != nil {
					return err
				}
			}
			v, err := administer[rekeyedView](dir, "vault.rekey", in)
			if err != nil {
				return err
			}
			return out.show(s, v, func() error { return printRekeyed(s, v) })
		},
	}
	cmd.Flags().StringVar(&in.NewKeyFile, "new-key-file", "", "file of the new key, 32 bytes in Base64")
	cmd.Flags().StringVar(&in.KeyFile, "key-file", "", "file of the key in force, where no server runs and it is not beside the data")
	data.flag(cmd)
	out.flag(cmd)
	return cmd
}

func printRekeyed(s streams, v rekeyedView) error {
	rest := "give that key to the server before its next start"
	if v.Own {
		rest = "nothing is left to do"
	}
	_, err := fmt.Fprintf(s.out, "%d values are sealed with the key in %s: %s\n", v.Values, v.KeyFile, rest)
	return err
}
