/** Runs the slash commands shared with the page in a terminal. */

import { Fault, msg } from "../../base/fault.ts";
import { checkName, formatTarget, type Target } from "../../base/names.ts";
import { sealedEdit } from "../../client/sealed/body.ts";
import type { RoomView } from "../../core/client/chat-record.ts";
import { isSame } from "../../core/model/item.ts";
import type { Answer, Host, JoinOrder, View, Whose } from "../../ui/commands/command.ts";
import type { Message } from "../../ui/messages/en/terminal.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { OpenClient } from "../connect/client.ts";
import type { SlashHost } from "./slash-host.ts";

export class TerminalHost implements Host {
  readonly show: (view: View) => Promise<undefined>;
  readonly #lines: SlashHost;

  constructor(lines: SlashHost, show: (view: View) => Promise<undefined>) {
    this.#lines = lines;
    this.show = show;
  }

  get current(): string {
    return formatTarget(this.#lines.current);
  }

  get room(): string {
    return this.#lines.room;
  }

  unixMs(): number {
    return this.#lines.context.clock.unixMs();
  }

  post(body: PostBody): Promise<void> {
    return this.#lines.post(this.#lines.current, body);
  }

  react(re: number, react: string): Promise<void> {
    return this.post({ text: "", react, re });
  }

  edit(seq: number, text: string): Promise<number | undefined> {
    return editHere(this.#lines, { seq, text });
  }

  async erase(seq: number): Promise<number> {
    return (await this.#lines.open.client.request("erase", { seq })).seq;
  }

  async meant(seq: number | undefined, whose: Whose): Promise<number> {
    if (seq !== undefined) return seq;
    return whose === "own" ? lastOwn(this.#lines) : lastOther(this.#lines);
  }

  join(order: JoinOrder): ReturnType<SlashHost["join"]> {
    const { room, password, sealed } = order;
    const askCreate: Message = (texts) => texts.askCreate(room, password, sealed);
    const mayCreate = () => this.#lines.chatConsole.confirm(askCreate);
    return this.#lines.join({ ...order, mayCreate });
  }

  /** A conversation cannot be left: the last room becomes current again. */
  leaveConversation(): Promise<Answer> {
    const { room } = this.#lines;
    return Promise.resolve({ note: (texts) => texts.backIn(room), enter: room });
  }

  hideJoins(on: boolean): void {
    const { open, chatConsole } = this.#lines;
    open.state.prefer("quiet", on ? "on" : "off");
    chatConsole.isQuiet = on;
  }

  async roomOfSaved(seq: number, isSaved: boolean): Promise<string> {
    const { open, current } = this.#lines;
    const { client } = open;
    if (isSaved) {
      const found = (await client.request("prefs", {})).saved.find((one) => one.seq === seq);
      if (found === undefined) throw new Fault("not-found", msg`${seq} is not saved`);
      return found.room;
    }
    const room = viewOf(open, current);
    if (room === undefined) throw new Fault("not-member", msg`nothing was said here yet`);
    const query = { after: seq - 1, before: seq + 1, limit: 1 };
    const { records } = await client.history({ target: formatTarget(current), ...query });
    if (records.length > 0) return room.id;
    throw new Fault("not-found", msg`there is no message ${seq} here`, {
      remedy: msg`give its number as --json and history show it, in its room`,
    });
  }
}

/** `undefined` if the room or conversation is not known yet. */
export function viewOf({ client }: OpenClient, { kind, name }: Target): RoomView | undefined {
  return client.rooms.find((room) => room.kind === kind && isSame(room.name, name));
}

/**
 * Edits an own message or caption; in a sealed room the edit is a message.
 * @returns seq of its record, outside of sealed rooms @throws Fault
 */
export async function editHere(
  { open, current }: SlashHost,
  edit: { readonly seq: number; readonly text: string },
): Promise<number | undefined> {
  if (viewOf(open, current)?.isSealed !== true) {
    return (await open.client.request("edit", edit)).seq;
  }
  await open.client.post(formatTarget(current), sealedEdit(edit));
  return undefined;
}

/** @throws Fault not-found */
function lastOther({ chatConsole, current, open }: SlashHost): number {
  const seq = chatConsole.recent.lastOther(current, open.client.user ?? open.user);
  if (seq !== undefined) return seq;
  throw new Fault("not-found", msg`no other user has written here yet`, {
    remedy: msg`give the message's number, as --json and history show it`,
  });
}

/** @throws Fault not-found, link-closed */
export async function lastOwn(lines: SlashHost): Promise<number> {
  await lines.confirmed(); // The last message may be unsent.
  const { chatConsole, current, open } = lines;
  const me = checkName(open.client.user ?? open.user);
  const seq = chatConsole.recent.lastOf(current, me);
  if (seq !== undefined) return seq;
  throw new Fault("not-found", msg`you have said nothing here yet`, {
    remedy: msg`give its number`,
  });
}
