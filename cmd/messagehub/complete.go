package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"messagehub/actors/channel/all"
	"messagehub/cmd/messagehub/config"
	"messagehub/relay/webhook"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// What the shell completes: values that only the program knows.

// completer is cobra's, for a flag or an argument.
type completer = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective)

// completeFirst completes the first argument with one of the values.
func completeFirst(values func() []string) completer {
	return func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return beginning(typed, values()), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFlag completes a flag with one of the values; with several of them,
// separated by commas, where the flag takes a list.
func completeFlag(cmd *cobra.Command, flag string, values func() []string) {
	list := strings.HasSuffix(cmd.Flag(flag).Value.Type(), "Slice")
	_ = cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before, last := "", typed
		if i := strings.LastIndexByte(typed, ','); list && i >= 0 {
			before, last = typed[:i+1], typed[i+1:]
		}
		var out []string
		for _, v := range beginning(last, values()) {
			if !slices.Contains(strings.Split(before, ","), v) {
				out = append(out, before+v)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	})
}

func beginning(typed string, values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return !strings.HasPrefix(v, typed) })
}

func channelNames() []string {
	var names []string
	for _, spec := range all.Specs() {
		names = append(names, spec.Name)
	}
	return names
}

func scopeNames() []string { return message.ScopeAll.Names() }

func eventTypes() []string { return webhook.TypeNames() }

func messageStatuses() []string {
	return []string{"scheduled", "queued", "sending", "sent", "delivered", "read", "failed", "expired", "canceled"}
}

// completeSenders completes CHANNEL[/SENDER] with what the server of the data
// directory has; nothing where none runs.
func completeSenders(data *dataFlag, which *whichSenders) completer {
	return completeFirst(func() []string {
		dir, err := data.path()
		if err != nil {
			return nil
		}
		args, err := json.Marshal(whichSenders{Sandbox: which.Sandbox})
		if err != nil {
			return nil
		}
		var known []senderView
		reply, err := ask(dir, adminRequest{"channels.list", args})
		if err != nil || reply.Error != nil || json.Unmarshal(reply.Data, &known) != nil {
			return nil
		}
		var names []string
		for i := range known {
			if c := known[i].Channel; !slices.Contains(names, c) {
				names = append(names, c)
			}
			names = append(names, known[i].Channel+"/"+known[i].Sender)
		}
		return names
	})
}

// nearestText is `did you mean "x"? `, if anything is near.
func nearestText(text string, known []string) string {
	if near := config.Nearest(text, known); near != "" {
		return `did you mean "` + near + `"? `
	}
	return ""
}
