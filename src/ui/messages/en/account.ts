/** English texts about changes of the user's own account, for page and terminal. */

import { formatSize } from "../../../base/sizes.ts";
import type { HandoverEvent } from "../../../client/sealed/room-state.ts";
import type { AccountChange } from "../../../core/client/own-account.ts";

export type AccountPhrases = Readonly<
  Record<AccountChange["what"], (time: string, by?: string) => string>
>;

const byActor = (by?: string) => (by === undefined ? "" : ` by ${by}`);
const on = (time: string) => `${isClock(time) ? "at" : "on"} ${time}`;

/** Times of today lack the date. */
export function isClock(time: string): boolean {
  return /^\d\d:\d\d$/.test(time);
}

const CHANGES: AccountPhrases = {
  "password-reset": (time, by = "an operator") =>
    `A code that resets your password was created by ${by} ${on(time)}. Your password works ` +
    "until the code is used. If you don't know why, ask them.",
  "password-changed": (time) =>
    `Your password was changed ${on(time)}. If it wasn't you, ask an operator to reset it.`,
  "device-added": (time) =>
    `A device was added to your account ${on(time)}. If it isn't yours, sign it out and change ` +
    "your password.",
  "irc-password-added": (time, by) =>
    `An IRC password was added to your account${byActor(by)} ${on(time)}. If you don't need it, ` +
    "revoke it.",
  renamed: (time, by) => `Your account was renamed${byActor(by)} ${on(time)}.`,
  "key-replaced": (time) =>
    `Your account was replaced by another one before ${time}. Ask the server's owner why, by ` +
    "telephone or in person.",
};

const HANDOVER: HandoverPhrases = {
  sending: (room, size, { messages, device }) =>
    `Sending ${earlier(messages)} of ${room} (${size}) to your device ${device}.`,
  sent: (room, _, { device }) => `Your device ${device} has the earlier messages of ${room}.`,
  receiving: (room, size, { messages, user = "another device of yours" }) =>
    `Receiving ${earlier(messages)} of ${room} (${size}) from ${user}.`,
  part: (room, _, { messages, total }) => `Received ${messages} of ${earlier(total)} of ${room}.`,
  read: (room, _, { messages }) => `You can now read ${earlier(messages)} of ${room}.`,
  resumed: (room, _, { messages }) =>
    messages === 0
      ? `This device reads ${room} again.`
      : `You can now read ${messages === 1 ? "1 message" : `${messages} messages`} of ${room} ` +
        "that waited for your decision about a key.",
  hidden: (room, _, { messages }) =>
    `Not shown: ${earlier(messages)} of ${room}, missing from the server's history or altered.`,
};

function earlier(messages: number): string {
  return messages === 1 ? "1 earlier message" : `${messages} earlier messages`;
}

export type HandoverPhrases = Readonly<
  Record<HandoverEvent["step"], (room: string, size: string, event: HandoverEvent) => string>
>;

export const ENGLISH_ACCOUNT = {
  handover: (event: HandoverEvent) =>
    HANDOVER[event.step](
      event.people === undefined
        ? `'${event.name}'`
        : `your conversation with ${event.people.join(", ")}`,
      formatSize(event.sizeBytes),
      event,
    ),
  accountChanged: (what: AccountChange["what"], time: string, by?: string) =>
    CHANGES[what](time, by),
};
