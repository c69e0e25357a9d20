import { Fault } from "../../base/fault.ts";
import { checkName, formatTarget } from "../../base/names.ts";
import { sealedEdit } from "../../client/sealed/body.ts";
import { sealConversation } from "../../client/sealed/making.ts";
import type { SealedMember } from "../../client/sealed/rooms.ts";
import type { RoomView } from "../../core/client/chat-record.ts";
import type { OpenClient } from "../connect/client.ts";
import { personOf } from "../connect/operator.ts";
import { digitRows, howToConfirm, identityLine } from "./identity-lines.ts";
import { args, misuse, type Slash } from "./slash-grammar.ts";
import type { SlashHost } from "./slash-host.ts";

const DIGIT_GROUPS = 12;

/** Commands of sealed rooms, beside those that mean the same elsewhere. */
export const SEALED_COMMANDS: Readonly<Record<string, Slash>> = {
  seal: {
    usage: "/seal @NAME",
    async run(lines, words) {
      const given = args(this, words, 1, 2);
      const [name = "", ...more] = given.filter((word) => word !== "--yes");
      if (more.length > 0) throw misuse(this);
      const user = personOf(name);
      const { chatConsole } = lines;
      const isSure =
        given.includes("--yes") || (await chatConsole.confirm((texts) => texts.askSeal(user)));
      if (!isSure) return chatConsole.note((texts) => texts.conversationOpen(user));
      await sealConversation(lines.open.client, user);
      chatConsole.tell({ kind: "sealed", to: user }, (texts) => texts.conversationSealed(user));
      lines.enter({ kind: "person", name: checkName(user, "person's name") });
    },
  },
  sealed: {
    usage: "/sealed [accept]",
    async run(lines, words) {
      const [word] = args(this, words, 0, 1);
      if (word !== undefined && word !== "accept") {
        throw new Fault("usage", `/sealed knows no '${word.slice(0, 40)}'`);
      }
      const room = viewHere(lines);
      if (room?.isSealed !== true) {
        return lines.chatConsole.tell(
          { kind: "sealing", room: lines.room, sealed: false },
          (texts) => texts.roomOpen,
        );
      }
      const rooms = await lines.open.client.sealedRooms();
      if (word === "accept") {
        await rooms.accept(room);
        const accepted = { kind: "sealing-accepted", room: room.name } as const;
        return lines.chatConsole.tell(accepted, (texts) => texts.sealingAccepted);
      }
      const { status, reason, members, remarks = [] } = await rooms.sealing(room);
      lines.chatConsole.tell(
        {
          ...{ kind: "sealing", room: room.name, sealed: true, status, members },
          ...(reason === undefined ? {} : { reason }),
          ...(remarks.length === 0 ? {} : { remarks }),
        },
        (texts) => texts.sealing(status, reason),
        [
          ...members.map((one) => memberLine(one, lines.open.client.user ?? lines.open.user)),
          ...remarks,
        ],
      );
    },
  },
  verify: {
    usage: "/verify NAME [DIGITS | accept]",
    async run(lines, words) {
      const [name = "", ...said] = args(this, words, 1, DIGIT_GROUPS + 1);
      const user = personOf(name);
      const rooms = await lines.open.client.sealedRooms();
      const given = said.join(" ");
      if (given === "accept") {
        await rooms.acceptIdentity(user);
        const accepted = { kind: "identity-accepted", user };
        return lines.chatConsole.tell(accepted, (texts) => texts.keyAccepted(user));
      }
      if (given !== "") await rooms.confirm(user, given);
      const identity = await rooms.safetyNumber(user);
      const how = howToConfirm(user, identity, `/verify ${user}`);
      lines.chatConsole.tell(identityLine(user, identity), how, digitRows(identity));
    },
  },
};

function memberLine(one: SealedMember, me: string): string {
  const { user, devices, isVerified, isAdmin, isChanged } = one;
  const count = `${devices.length} device${devices.length === 1 ? "" : "s"}`;
  const web = devices.some(({ kind }) => kind === "web") ? ", a browser among them" : "";
  const isMe = user.toLowerCase() === me.toLowerCase();
  const known = isVerified ? "verified" : "not verified";
  const changed = `${known}, and another key was seen since: /verify ${user}`;
  const verified = isMe ? "this is you" : isChanged === true ? changed : known;
  return `${user}: ${count}${web}; ${verified}${isAdmin ? "; admin" : ""}`;
}

/** The room or conversation where one is; undefined: it is not known yet. */
function viewHere({ open, current }: SlashHost): RoomView | undefined {
  return viewOf(open, current.kind, current.name);
}

export function viewOf(
  { client }: OpenClient,
  kind: "room" | "person",
  name: string,
): RoomView | undefined {
  const folded = name.toLowerCase();
  return client.rooms.find((room) => room.kind === kind && room.name.toLowerCase() === folded);
}

/** Edits an own message or caption; in a sealed room the edit is a message. @throws Fault */
export async function editHere(
  lines: SlashHost,
  edit: { readonly seq: number; readonly text: string },
): Promise<void> {
  const { client } = lines.open;
  if (viewHere(lines)?.isSealed === true) {
    await client.post(formatTarget(lines.current), sealedEdit(edit));
  } else lines.recorded((await client.request("edit", edit)).seq);
}

/** Lets a user into the sealed room; undefined: the room is open. @throws Fault */
export async function inviteSealed(lines: SlashHost, user: string): Promise<boolean> {
  const room = viewHere(lines);
  if (room?.isSealed !== true) return false;
  const rooms = await lines.open.client.sealedRooms();
  const { added, missing } = await rooms.invite(room, user);
  lines.chatConsole.tell({ kind: "let-in", user, room: room.name, added, missing }, (texts) => {
    return texts.devicesLetIn(user, added, missing);
  });
  return true;
}

/** @throws Fault usage: a flag that there is not */
export function joinFlags(words: readonly string[]): {
  readonly words: readonly string[];
  readonly sealed: boolean;
} {
  const rest = words.filter((word) => word !== "--sealed");
  const flag = rest.slice(1).find((word) => word.startsWith("--"));
  if (flag === undefined) return { words: rest, sealed: rest.length < words.length };
  // A password that was meant to be a flag would lock the room, and the user would not notice.
  throw new Fault("usage", `/join knows no '${flag.slice(0, 40)}'`, {
    remedy: "a room's password cannot begin with --; a sealed room: /join ROOM --sealed",
  });
}
