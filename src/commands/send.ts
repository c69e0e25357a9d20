/** `chat send`, which posts messages. */

import { Fault, ignoreFault } from "../base/fault.ts";
import { formatTarget, parseTarget, type Target } from "../base/names.ts";
import { formatUtc } from "../base/time.ts";
import { boxedTarget, destinationOfTarget, replyIn } from "../cli/chat/post.ts";
import type { InputLine } from "../cli/chat/script-lines.ts";
import { argument, defineVerb, flag, stringFlag } from "../cli/command.ts";
import { untilConnected, withClient } from "../cli/connect/client.ts";
import { type Context, faultLine, printNotice } from "../cli/context.ts";
import { faultJson } from "../cli/errors.ts";
import { parseTargets, parseThread, SERVER_FLAGS, THREAD_FLAG } from "../cli/flags.ts";
import { printJson } from "../cli/output/result.ts";
import type { Client, EarlyPost } from "../client/client.ts";
import type { ReaderEvent } from "../client/event.ts";
import { withMentions } from "../core/client/mentions.ts";
import type { Receipt } from "../core/client/outbox.ts";
import { checkText } from "../core/client/post-text.ts";
import { checkOpen } from "../io/terminal/input.ts";
import { parsePeople } from "../ui/command.ts";
import { ENGLISH_TERMINAL } from "../ui/messages/en/terminal.ts";
import type { PostBody } from "../wire/messages.ts";

export const command = defineVerb({
  args: {
    text: argument("Message text; - or none: each line of stdin", { required: false }),
    to: stringFlag("TARGET", "Room, @user or group @user,@user (Default: lobby)", {
      many: true,
      alias: "t",
    }),
    notice: flag("Post as a notice, which alerts nobody"),
    thread: THREAD_FLAG,
    ...SERVER_FLAGS,
  },
  async run(args, context) {
    const groups = args.to.map(parsePeople).filter((people) => people !== undefined);
    const others = args.to.filter((word) => !word.includes(","));
    const targets = groups.length > 0 && others.length === 0 ? [] : parseTargets(others);
    const thread = parseThread(args.thread, targets.length + groups.length);
    const text = args.text === "-" ? undefined : args.text;
    if (text === undefined) checkOpen(context.stdin);
    else checkText(text);
    // A reader that exits early, such as `| head -1`, must not stop the command from sending.
    context.continueWithoutOutput();
    const sender = new Sender(context, targets, args.notice);
    const isEarly = text !== undefined && thread === undefined;
    const options = {
      follow: "none",
      reconnect: true,
      waitsForPosts: true,
      onLogin: (post: EarlyPost) => isEarly && sender.postEarly(text, post),
    } as const;
    return withClient(context, args, options, async ({ client }) => {
      const events = client.read();
      await untilConnected(events);
      void sender.watch(events);
      for (const people of groups) {
        targets.push(parseTarget(await client.actions.startGroup(people)));
      }
      sender.redirect(client);
      await sender.replyTo(client, thread);
      if (text === undefined) await sender.sendLines(client);
      else await sender.post(client, text);
      await sender.waitUntilSettled(client);
      if (sender.fault !== undefined && text !== undefined) throw sender.fault;
      return sender.fault?.exitCode ?? 0;
    });
  },
});

class Sender {
  #marks: Pick<PostBody, "notice" | "re" | "thread">;
  #firstFailure: { readonly line: number; readonly fault: Fault } | undefined;
  #line = 0;
  /** Posts sent before the log-in was answered. */
  readonly #early = new Map<Target, Promise<Receipt>>();
  /** Unconfirmed messages stay queued after the end; the command's fault reports them. */
  #isClosed = false;

  constructor(
    private readonly context: Context,
    private targets: readonly Target[],
    isNotice: boolean,
  ) {
    this.#marks = isNotice ? { notice: true } : {};
  }

  get fault(): Fault | undefined {
    return this.#firstFailure?.fault;
  }

  /** Messages that earlier runs queued are sent first. */
  async watch(events: AsyncIterable<ReaderEvent>): Promise<void> {
    for await (const event of events) {
      if (event.kind !== "settled" || event.adopted === undefined) continue;
      const { adopted, outcome } = event;
      if (outcome.kind === "refused") printNotice(this.context, faultLine(outcome.fault));
      else if (this.context.json) this.#printSent(parseTarget(adopted.to), outcome.receipt);
      else
        printNotice(
          this.context,
          `sent a message queued by an earlier run: ${outcome.receipt.seq}`,
        );
    }
  }

  postEarly(text: string, post: EarlyPost): void {
    for (const target of this.targets) {
      if (this.#early.has(target)) continue;
      const receipt = post(formatTarget(target), this.#bodyOf(text));
      if (receipt === undefined) return; // Later targets must not overtake this one.
      receipt.catch(ignoreFault); // `post` or the failed log-in reports it.
      this.#early.set(target, receipt);
    }
  }

  /** Posts that an assignment room would refuse go to the user's box. */
  redirect(client: Client): void {
    this.targets = this.targets.map((target) => boxedTarget(this.context, client, target));
  }

  async replyTo(client: Client, seq: number | undefined): Promise<void> {
    const reply = await replyIn(client, this.targets.map(formatTarget), seq);
    this.#marks = { ...this.#marks, ...reply };
  }

  async sendLines(client: Client): Promise<void> {
    if (this.context.terminal !== undefined) {
      const destination = this.targets.map(formatTarget).join(", ");
      printNotice(
        this.context,
        `each line is sent to ${destination} as one message; Ctrl-D to finish`,
      );
    }
    for (;;) {
      const line = await this.#nextLine();
      if (line === undefined) return;
      if (line.trim() !== "") await this.post(client, line);
    }
  }

  async post(client: Client, text: string): Promise<void> {
    const input = { line: this.#line, text };
    for (const target of this.targets) {
      await this.#waitUntilReady(client);
      this.#receipt(client, target, text).then(
        (receipt) => this.#printSent(target, receipt),
        (error: unknown) => this.#reportFailure(error, input),
      );
    }
  }

  #receipt(client: Client, target: Target, text: string): Promise<Receipt> {
    const post = () => client.post(formatTarget(target), this.#bodyOf(text));
    // A log-in that failed before it succeeded with a password has refused the early post.
    const again = (error: unknown) => {
      if (error instanceof Fault && error.code === "not-logged-in") return post();
      throw error;
    };
    return this.#early.get(target)?.catch(again) ?? post();
  }

  #bodyOf(text: string): PostBody {
    return withMentions({ text, ...this.#marks, typed: true });
  }

  async #waitUntilReady(client: Client): Promise<void> {
    try {
      await client.ready();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#isClosed = true;
      const { code, message, remedy } = error;
      throw new Fault(code, `${message}; the rest of the input was not read`, { remedy });
    }
  }

  async waitUntilSettled(client: Client): Promise<void> {
    try {
      await client.drain();
    } catch (error) {
      this.#isClosed = true;
      throw error;
    }
    await Promise.allSettled(this.#early.values());
    await Promise.resolve(); // The handlers of the last post must run first.
  }

  async #nextLine(): Promise<string | undefined> {
    for (;;) {
      this.#line++;
      try {
        const line = await this.context.stdin.line();
        if (line !== undefined && line.trim() !== "") checkText(line);
        return line;
      } catch (error) {
        this.#reportFailure(error, { line: this.#line });
      }
    }
  }

  #printSent(
    target: Target,
    receipt: { seq: number; time: number; queued?: boolean | undefined },
  ): void {
    const { seq, time } = receipt;
    const queued = receipt.queued === true;
    const destination = destinationOfTarget(target);
    const line = {
      kind: "sent",
      seq,
      ...destination,
      time: formatUtc(time),
      queued: queued || undefined,
    };
    if (this.context.json) return printJson(this.context, line);
    this.context.stdout.write(`${seq}\n`);
    if (queued) printNotice(this.context, ENGLISH_TERMINAL.queuedMessage(target.name));
  }

  #reportFailure(error: unknown, input: InputLine): void {
    if (!(error instanceof Fault)) throw error;
    if (this.#isClosed) return;
    const { line } = input;
    if (this.#firstFailure === undefined || line < this.#firstFailure.line)
      this.#firstFailure = { line, fault: error };
    if (line === 0) return;
    printNotice(this.context, `line ${line}: ${faultLine(error)}`);
    printJson(this.context, { ...faultJson(error), ...input });
  }
}
