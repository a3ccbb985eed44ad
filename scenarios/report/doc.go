// Package report is what a run concluded, as one value, and the forms it is
// printed in: JSON, JUnit, markdown, HTML and the terminal. The JSON form is the value itself;
// every other form is made from it. It judges nothing but the sum: how the
// verdicts on scenarios make one on a rule, and those on rules an exit status.
//
// No form ever contains a signing secret: whatever looks like one is replaced
// by whsec_*** on its way out, even when the receiver itself printed it.
//
// # The JSON report
//
// One object. Fields may be added; schema changes when the meaning of one does.
// Lists are never null.
//
//	schema          1
//	sentsim         version of sentsim
//	command         the command that ran: verify, chaos, replay, or k6
//	started         when the run began, as 2026-11-28T14:05:06Z, or ""
//	host            where sentsim ran: linux/amd64
//	seed            decides everything that was drawn: run again with --seed
//	edition         of Sent, in which the receiver was judged
//	strict          SHOULD rules that were broken are failed, not warned
//	require_all     a MUST rule that was not checked fails the run
//	target          the receiver, without secrets
//	image           digest of the container's image, or ""
//	notes           what else is to be known of the run, a sentence each
//	exit_status     of the command
//	duration_ms     wall time
//	virtual_ms      simulated time, summed over the scenarios
//	diagnosis       null, or why the plain signed delivery was refused:
//	  cause           short stable name: secret-not-decoded
//	  summary         one sentence
//	  fix             what to change in the receiver
//	  evidence        what was tried and what came back, a line each
//	learned         null, or how the receiver was built, as far as it was seen:
//	  edition         of Sent's deliveries, in which it was judged
//	  channels        on which messages show in its state
//	  statuses        its own words, by Sent's statuses; null: not kept
//	  own_messages_only  whether it knows only messages that it sent itself; null:
//	                  it could not be told
//	  inbound_shape   in which inbound texts show; null: none, or it could not be told
//	  lag_ms          of its state behind its answers, at most
//	  answer_ms       the longest answer
//	  side_by_side    deliveries that it takes in about the time of one
//	  unseen          why messages do not show, or ""
//	  notes           what its answers give away, a sentence each
//	  expected_ms     how long the run was expected to take
//	causes          the few mistakes behind what failed, the surest first:
//	  id              short stable name
//	  summary         one sentence
//	  fix             what to change, or the line of the config that confirms it
//	  rules           that failed because of it
//	  certainty       tried (an experiment has told it), matches or likely
//	target_log      last lines of the target's output, when something failed
//	chaos           null, or what a chaos run or a replay did:
//	  profile         its name
//	  probabilities   every number that decides what happens: name, probability,
//	                  per (event or message), doc
//	  messages        planned; begun: those that something was sent about
//	  steps           done; skipped: those that this target cannot be subjected to
//	  sent            deliveries: accepted and refused as they had to be, failed
//	                  (a wrong answer), lost (nobody waited for the answer)
//	  per_second      deliveries
//	  latency_ms      p50, p95, p99 and max, of answers one at a time
//	  stopped         why not all of the plan was sent, or ""
//	  fell_over       why the target was given up, or ""
//	  trouble         what sentsim itself could not do or read
//	  trace           the file that holds the run, or ""
//	  violated        how many violations there were
//	  violations      the first of each rule:
//	    rule            that is broken
//	    summary         what was seen
//	    expected        what would have been right
//	    seen            the state as it was read, or ""
//	    subject         the message, contact or template, or ""
//	    step            that was answered wrongly; 0 for a wrong state
//	    story           what happened to the subject, a line each
//	  share           of a run in k6 only: what this process carried out of the plan:
//	    done            the iterations, as 0-9,12,20-98/3
//	    missing         those of the plan that are not among them
//	    found           what was judged, for sentsim merge; its form is not promised
//	answers         how long answers took, the classes that have any:
//	  up_to_ms        so long at most; 0 for longer than any other class
//	  count           answers
//	summary         rules by verdict: passed failed warned not_checked errored
//	levels          what the run proves as a whole, each stated by rules:
//	  id              signature-safe, at-least-once-safe or chaos-safe
//	  doc             what it means
//	  reached         all of its rules passed
//	  messages        of chaos-safe: how many were sent; else 0
//	  rules           that state it
//	  missing         those of them that did not pass
//	rules           in the order of the contract:
//	  id              SIG-2
//	  level           MUST or SHOULD
//	  verdict         passed, failed, warned, not_checked or errored
//	  title           the claim
//	  why             what goes wrong in production when it is broken
//	  fix             what to change in the receiver
//	  reason          what was seen, or why it was not checked; of a passed rule
//	                  "", or which part was not checked
//	  remedy          how to make checkable what was not checked, or ""
//	  cause           id of the cause why it failed, or ""
//	  scenarios       those that ran for the rule:
//	    name            as in the feature file, with the row of the examples
//	    file            signature.feature:12
//	    verdict         as above
//	    reason          as above
//	    remedy          as above
//	    partial         it is the state part of a rule that is judged from
//	                    outside too, or one of several ways to see a rule
//	                    about state: not checked, it leaves the rule passed
//	                    if others are
//	    evidence        exchanges, when it did not pass: the one that the verdict
//	                    rests on, then the story from its beginning
//	      step            its place in the story, from 1; 0 where it has none
//	      sent_ms         when, after the first, on the clock of the scenario
//	      what            what was sent, in words, or ""
//	      request         what was sent
//	      changed         how a forged request differs from the genuine one
//	      response        what came back
//	      state           the receiver's state, where that is what is wrong
//	      expected        what would have been right
//	      reproduce       a command that sends it again, or ""
//
// # The JUnit report
//
// One testsuite a family of rules, one testcase a rule. failed is a failure,
// errored an error, not_checked skipped. warned is a passed testcase, for JUnit
// has no word for it, and its system-out says what was seen. The properties of
// each suite carry version, command, seed, target and strict.
package report
