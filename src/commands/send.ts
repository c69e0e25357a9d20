/** `chat send`, which posts messages. */

import { toBase64Url, utf8Encode } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { formatTarget, parseTarget, type Target } from "../base/names.ts";
import { formatUtc } from "../base/time.ts";
import { boxedTarget, destinationOfTarget, replyIn } from "../cli/chat/post.ts";
import type { InputLine } from "../cli/chat/script-lines.ts";
import { argument, defineVerb, flag, stringFlag } from "../cli/command.ts";
import { untilConnected, withClient } from "../cli/connect/client.ts";
import { nativeHashing } from "../cli/connect/keys.ts";
import { type Context, faultLine, printNotice } from "../cli/context.ts";
import { faultJson } from "../cli/errors.ts";
import { parseTargets, parseThread, SERVER_FLAGS, THREAD_FLAG } from "../cli/flags.ts";
import { printJson } from "../cli/output/result.ts";
import type { Client, EarlyPost } from "../client/client.ts";
import type { ReaderEvent } from "../client/event.ts";
import { QueuedFault } from "../client/link/retry.ts";
import type { AdoptedPost } from "../client/outbox-queue.ts";
import { withMentions } from "../core/client/mentions.ts";
import type { Receipt } from "../core/client/outbox.ts";
import { checkText } from "../core/client/post-text.ts";
import type { QueuedBody } from "../core/client/queued-body.ts";
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
    key: stringFlag("KEY", "Name of the message: repeated while queued, it is sent once"),
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
    const sender = new Sender(context, targets, args.notice, args.key);
    const isEarly = text !== undefined && thread === undefined;
    const options = {
      follow: "none",
      reconnect: true,
      waitsForPosts: true,
      onLogin: (post: EarlyPost) => isEarly && sender.postEarly(text, post),
    } as const;
    const work = withClient(context, args, options, async ({ client }) => {
      const events = client.read();
      await untilConnected(events);
      void sender.watch(events);
      for (const people of groups) {
        targets.push(parseTarget(await client.actions.startGroup(people)));
      }
      sender.redirect(client);
      await sender.replyTo(client, thread);
      if (text !== undefined) sender.expectText(text);
      if (text === undefined) await sender.sendLines(client);
      else await sender.post(client, text);
      await sender.waitUntilSettled(client);
      if (sender.fault !== undefined && text !== undefined) throw sender.fault;
      client.forgetReported();
      return sender.fault?.exitCode ?? 0;
    });
    return work.finally(() => sender.printQueued());
  },
});

class Sender {
  #marks: Pick<PostBody, "notice" | "re" | "thread">;
  #firstFailure: { readonly line: number; readonly fault: Fault } | undefined;
  #line = 0;
  /** Posts sent before the log-in was answered. */
  readonly #early = new Map<Target, Promise<Receipt>>();
  /** Posts of an earlier run that this one repeats, by their keys. */
  readonly #repeated = new Map<string, AdoptedPost[]>();
  /** Keys of the message that is the command's argument. */
  readonly #own = new Set<string>();
  /** Posts that the server has not answered, by their keys. */
  readonly #unanswered = new Map<string, Target[]>();
  /** Unconfirmed messages stay queued after the end; the command's fault reports them. */
  #isClosed = false;

  constructor(
    private readonly context: Context,
    private targets: readonly Target[],
    isNotice: boolean,
    private readonly key: string | undefined,
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
      if (this.#repeats(adopted)) continue;
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
      const body = this.#bodyOf(target, text);
      const receipt = post(formatTarget(target), body);
      if (receipt === undefined) return; // Later targets must not overtake this one.
      this.#unanswered.set(body.message, [target]);
      receipt.catch((error: unknown) => {
        // `post` or the failed log-in reports it.
        if (!(error instanceof QueuedFault)) this.#answered(body.message);
      });
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
      const { message } = this.#bodyOf(target, text);
      (await this.#receipt(client, target, text)).receipt.then(
        (receipt) => {
          this.#answered(message);
          this.#printSent(target, receipt);
        },
        (error: unknown) => {
          if (!(error instanceof QueuedFault)) this.#answered(message);
          this.#reportFailure(error, input);
        },
      );
    }
  }

  /** Continues the post of an earlier run, or posts. */
  async #receipt(
    client: Client,
    target: Target,
    text: string,
  ): Promise<{ readonly receipt: Promise<Receipt> }> {
    const body = this.#bodyOf(target, text);
    const { message } = body;
    const early = this.#early.get(target);
    if (early === undefined) {
      this.#unanswered.set(message, [...(this.#unanswered.get(message) ?? []), target]);
    }
    if (early === undefined && !this.#repeated.has(message)) {
      this.#repeated.set(message, [...(await client.takeQueued(message))]);
    }
    const [repeated, ...others] = this.#repeated.get(message) ?? [];
    if (repeated !== undefined) {
      this.#repeated.set(message, others);
      return { receipt: repeated.receipt };
    }
    const post = () => client.post(formatTarget(target), body);
    // A log-in that failed before it succeeded with a password has refused the early post.
    const again = (error: unknown) => {
      if (error instanceof Fault && error.code === "not-logged-in") return post();
      throw error;
    };
    return { receipt: early?.catch(again) ?? post() };
  }

  /** Whether this run reports an earlier post as its own. */
  #repeats({ body }: { readonly body: QueuedBody }): boolean {
    return body.message !== undefined && this.#own.has(body.message);
  }

  /** Notes the keys of the message before its posts are sent. */
  expectText(text: string): void {
    for (const target of this.targets) this.#own.add(this.#bodyOf(target, text).message);
  }

  #bodyOf(target: Target, text: string): PostBody & { readonly message: string } {
    const body = withMentions({ text, ...this.#marks, typed: true });
    return { ...body, message: this.#keyOf(formatTarget(target), text) };
  }

  /** Tells messages apart: a repetition of the command has the same one. */
  #keyOf(to: string, text: string): string {
    if (this.key !== undefined) return `${this.key} ${this.#line} ${to.toLowerCase()}`;
    const content = JSON.stringify([to.toLowerCase(), text, this.#marks]);
    return toBase64Url(nativeHashing().sha256(utf8Encode(content)));
  }

  #answered(key: string): void {
    const targets = this.#unanswered.get(key) ?? [];
    if (targets.length <= 1) this.#unanswered.delete(key);
    else this.#unanswered.set(key, targets.slice(1));
  }

  /** Names the posts that are stored and not sent, at the end of the command. */
  printQueued(): void {
    for (const [message, targets] of this.#unanswered) {
      const key = this.key ?? message;
      for (const target of targets)
        printJson(this.context, { kind: "queued", key, ...destinationOfTarget(target) });
    }
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
