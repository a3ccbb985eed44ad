package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/diagnosis"
	"github.com/sentsim/sentsim/scenarios/exchange"
	"github.com/sentsim/sentsim/scenarios/input"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/trigger"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

type triggerOptions struct {
	set, add, remove   []string
	edit               bool
	from               string
	bodyFile, forge    string
	signedAt, id, many string
	dryRun             bool
}

func (a *app) triggerCommand() *cobra.Command {
	var o triggerOptions
	cmd := &cobra.Command{
		Use:   "trigger EVENT [flags]",
		Short: "send a receiver one event, signed right or forged",
		Long: `Sends one delivery of an event (sentsim events lists them) and prints what came
back. With --forge it is one that the receiver must reject, after a genuine one
that it must accept: a door that refuses everything rejects no forgery. The event
is of a message that the receiver does not know.`,
		Example: `  sentsim trigger message.delivered --target http://127.0.0.1:8080/webhooks/sent
  sentsim trigger message.failed --exec ./receiver --set payload.reason='no route'
  sentsim trigger message.sent --add payload.carrier=acme --remove payload.template_id --embedded
  sentsim trigger message.received --forge body-tampered --embedded
  sentsim trigger --body-file body.json --target http://127.0.0.1:8080/webhooks/sent --dry-run
  sentsim trigger --from captured.curl --target http://127.0.0.1:8080/webhooks/sent
  sentsim trigger --forge list`,
		Args: atMostOne,
		Annotations: map[string]string{helpEnvironment: environment + "  VISUAL, EDITOR                 the editor of --edit\n", helpStatuses: `  0    the delivery was accepted (2xx); with --forge: rejected (4xx), and a genuine one accepted
  1    it was not
  2    usage or configuration
  3    the target could not be reached or started
  130  interrupted, 143 terminated
`},
		RunE: func(cmd *cobra.Command, args []string) error { return a.trigger(cmd, args, o) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, k := range event.Catalogue() {
				names = append(names, k.Name)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
	group(cmd, "Event", func(f *pflag.FlagSet) {
		f.StringArrayVar(&o.set, "set", nil, "`PATH=VALUE` in the body; the value is JSON, or else text; repeatable")
		f.StringArrayVar(&o.add, "add", nil, "`PATH=VALUE` to add to the body; repeatable")
		f.StringArrayVar(&o.remove, "remove", nil, "`PATH` to take out of the body; repeatable")
		f.BoolVar(&o.edit, "edit", false, "edit the body before it is sent, with the editor that VISUAL or EDITOR names")
		f.StringVar(&o.bodyFile, "body-file", "", "send the bytes of `FILE` (- is the standard input); EVENT is then only its header")
		f.StringVar(&o.from, "from", "", "send the body of the captured request in `FILE` again (- is the standard input), with its event's type, signed anew")
		f.StringVar(&o.forge, "forge", "", "forge the delivery; `NAME` of the forgery, or list")
		f.StringVar(&o.signedAt, "signed-at", "", "`OFFSET` of the signature's timestamp from now, e.g. -240s")
		f.StringVar(&o.id, "webhook-id", "", "`UUID` of the webhook (default: drawn)")
		f.StringVar(&o.many, "times", "1", "send it `N` times: the same body, signed anew (default 1)")
		plainDefault(f, "times")
		f.BoolVar(&o.dryRun, "dry-run", false, "print the request as a curl command, send and start nothing")
	})
	targetFlags(cmd)
	secretFlags(cmd)
	eventFlags(cmd, "1")
	deliveryFlags(cmd)
	configFlag(cmd)
	names := []string{"list"}
	for _, f := range chaos.Forgeries() {
		names = append(names, f.Name)
	}
	_ = cmd.RegisterFlagCompletionFunc("forge", fixed(names...))
	return cmd
}

func (a *app) trigger(cmd *cobra.Command, args []string, o triggerOptions) error {
	if o.forge == "list" {
		return a.printForgeries(false)
	}
	for _, name := range []string{"forge", "body-file", "signed-at", "webhook-id", "from"} {
		if f := cmd.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
			return usage("--%s is given but empty", name)
		}
	}
	if len(args) == 0 && o.bodyFile == "" && o.from == "" {
		return usage("which event? sentsim events lists them")
	}
	times, err := strconv.Atoi(o.many)
	if err != nil || times < 1 || times > 10_000 {
		return usage("--times %q: a number from 1 to 10000", o.many)
	}
	order, err := a.order(cmd, args, o)
	if err != nil {
		return err
	}
	res, err := a.load(cmd)
	if err != nil {
		return err
	}
	order.Seed, order.At, order.Knobs = res.Seed, res.Start, res.Knobs
	if o.from != "" {
		if err := a.orderFrom(cmd, &order, o, res.Secret); err != nil {
			return err
		}
	}
	order.Headers = append(order.Headers, res.Headers...)
	if order.At.IsZero() {
		order.At = clock.Wall()
	}
	d, err := trigger.New(order)
	if err != nil {
		return usage("%v", err)
	}
	if o.dryRun {
		return a.triggerDryRun(d, res, times)
	}
	return a.deliver(cmd.Context(), d, res, times)
}

// order is what the command's own flags ask for.
func (a *app) order(cmd *cobra.Command, args []string, o triggerOptions) (order trigger.Order, err error) {
	order = trigger.Order{Set: o.set, Add: o.add, Drop: o.remove, Forge: o.forge, Raw: o.bodyFile != ""}
	if o.edit {
		order.Edit = func(body []byte) ([]byte, error) { return a.edited(cmd.Context(), body) }
	}
	if len(args) > 0 {
		order.Event = args[0]
	}
	if o.signedAt != "" {
		if order.SignedAt, err = time.ParseDuration(o.signedAt); err != nil {
			return order, usage("--signed-at %q: write it as -240s or 5m", o.signedAt)
		}
	}
	if o.id != "" {
		if order.WebhookID, err = uuid.Parse(o.id); err != nil || order.WebhookID == uuid.Nil {
			return order, usage("--webhook-id %q is not a UUID", o.id)
		}
	}
	if order.Raw {
		if o.bodyFile == "-" && cmd.Flags().Changed("secret-stdin") {
			return order, usage("--body-file - and --secret-stdin: the standard input can be only one of them")
		}
		if order.Body, err = a.readInput(cmd.Context(), o.bodyFile, input.Data); err != nil {
			return order, fmt.Errorf("--body-file: %w", err)
		}
	}
	return order, nil
}

// deliver sends d and prints each answer.
func (a *app) deliver(ctx context.Context, d trigger.Delivery, res config.Resolved, times int) (err error) {
	if assumed(res) {
		fmt.Fprintln(a.stderr, "no target is given: this goes to the embedded reference receiver (name yours with --target URL or --exec 'CMD')")
	}
	res.Target.Hurry = a.hurry
	c, err := scenarios.Connect(ctx, res.Config, d.Forgery != nil)
	if err != nil {
		var unreachable *scenarios.TargetError
		switch stop := stopped(ctx); {
		case stop != nil:
			return exit(stop.status, stop)
		case errors.As(err, &unreachable):
			a.targetTrouble(unreachable)
			return exit(scenarios.ExitTarget, nil)
		}
		return err
	}
	defer func() {
		if closeErr := c.Close(); err == nil && closeErr != nil {
			err = exit(statusTrouble, closeErr)
		}
	}()
	worst := trigger.Right
	var control *delivery.Outcome
	if d.Forgery != nil {
		r, err := d.Genuine().Request(c.URL(), c.Secret(), clock.Wall())
		if err != nil {
			return exit(statusTrouble, err)
		}
		o := c.Send(ctx, r)
		control = &o
	}
	var last delivery.Outcome
	for range times {
		r, err := d.Request(c.URL(), c.Secret(), clock.Wall())
		if err != nil {
			return exit(statusTrouble, err)
		}
		o := c.Send(ctx, r)
		if stop := stopped(ctx); stop != nil {
			return exit(stop.status, stop)
		}
		verdict, says := d.Judge(o), trigger.Untested
		if control != nil {
			verdict, says = d.JudgeForged(*control, o)
		}
		if err := a.printExchange(d, r, o, meaning(d, o, verdict, says), c); err != nil {
			return err
		}
		last = o
		if verdict != trigger.Right && worst != trigger.Wrong {
			worst = verdict
		}
	}
	if worst == trigger.Right {
		return nil
	}
	if err := a.explainRefusal(ctx, d, control, last, c); err != nil {
		return err
	}
	for _, line := range c.Log() {
		fmt.Fprintf(a.stderr, "target: %s\n", strings.TrimRight(report.Printable(line), "\n"))
	}
	if worst == trigger.Unreached {
		return exit(scenarios.ExitTarget, errors.New("the target could not be reached"))
	}
	return exit(statusBroken, nil)
}

// printExchange prints what was sent, what it means, and what came back.
func (a *app) printExchange(d trigger.Delivery, r delivery.Request, o delivery.Outcome, means string, c *scenarios.Connection) error {
	what := string(d.Type)
	if what == "" {
		what = "a body of yours"
	}
	if f := d.Forgery; f != nil {
		what += fmt.Sprintf(", forged: %s (%s)", f.Name, f.Rule)
	}
	return a.print("POST %s (%s, %d bytes)\n%s: %s\n\n", r.URL, what, len(r.Body),
		means, report.Printable(c.Redact(exchange.Response(o))))
}

// explainRefusal says why genuine deliveries are refused: of a forgery's control
// what its answer names, of a genuine one what experiments show.
func (a *app) explainRefusal(ctx context.Context, d trigger.Delivery, control *delivery.Outcome, last delivery.Outcome, c *scenarios.Connection) error {
	var found *report.Diagnosis
	switch {
	case d.NoObject(), control != nil && control.Accepted(), control == nil && (last.Accepted() || d.ShiftedTime()):
		return nil
	case control != nil:
		if err := a.print("the control, a genuine delivery of the same event, is refused as well: %s\n(sentsim trigger without --forge looks for the cause)\n\n", report.Printable(c.Redact(exchange.Seen(*control)))); err != nil {
			return err
		}
		found = diagnosis.Named(*control)
	default:
		found = c.Diagnose(ctx, last)
	}
	if found == nil {
		return nil
	}
	return a.print("diagnosis: %s (%s)\nfix: %s\n\n", report.Printable(c.Redact(found.Summary)), found.Cause, report.Printable(c.Redact(found.Fix)))
}

func meaning(d trigger.Delivery, o delivery.Outcome, v trigger.Verdict, control trigger.Control) string {
	switch {
	case v == trigger.Unreached:
		return "not reached"
	case control == trigger.Refused && o.Rejected():
		return "nothing can be told, a genuine delivery is refused as well"
	case d.NoObject() && v == trigger.Right:
		return "right, a body that is no JSON object was rejected (TOL-7)"
	case d.NoObject() && o.Accepted():
		return "WRONG, a body that is no JSON object was accepted (TOL-7)"
	case d.NoObject():
		return "WRONG, a body that is no JSON object must be answered with a 4xx (TOL-7)"
	case d.Forgery != nil && o.Accepted():
		return "WRONG, a forgery was accepted"
	case d.Forgery != nil && o.Rejected():
		return "right, the forgery was rejected"
	case d.Forgery != nil:
		return "WRONG, a forgery must be answered with a 4xx"
	case o.Accepted():
		return "accepted"
	case o.Rejected():
		return "rejected"
	}
	return "not accepted"
}

// triggerDryRun prints the request that would be sent.
func (a *app) triggerDryRun(d trigger.Delivery, res config.Resolved, times int) error {
	url, secret := res.Target.URL, res.Secret
	var err error
	if url == "" {
		port := res.Target.Port
		if port == 0 {
			port = 8080
		}
		url = "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) + res.Target.Path
		a.note("sentsim would start the receiver itself; this is for one at %s", url)
	}
	if secret.IsZero() {
		if secret, err = signing.GenerateTellingSecret(rand.Reader); err != nil {
			return exit(statusTrouble, err)
		}
		a.note("no secret is given: this is signed with one that nobody has")
	}
	if len(res.Headers) > 0 {
		a.note("the values of your own headers are not printed")
	}
	for range times {
		r, err := d.Request(url, secret, clock.Wall())
		if err != nil {
			return exit(statusTrouble, err)
		}
		if err := a.print("%s\n", exchange.Curl(r, exchange.CurlOptions{Private: res.Headers})); err != nil {
			return err
		}
	}
	return nil
}

// note tells people something about the data on the standard output.
func (a *app) note(format string, args ...any) {
	_, _ = io.WriteString(a.stderr, report.Printable(fmt.Sprintf(format, args...))+"\n")
}
