/** Slash command `/join`. */

import { Fault, msg } from "../../base/fault.ts";
import { checkName } from "../../base/names.ts";
import { joinSealed } from "../../client/chat/room-actions.ts";
import type { Message } from "../messages/en/terminal.ts";
import { type Command, type JoinArgs, splitWords } from "./command.ts";

export const join: Command<JoinArgs> = {
  usage: "/join ROOM [PASSWORD | --sealed]",
  parse(input) {
    const words = splitWords(input, 1, 2);
    if (words === undefined) return undefined;
    const [room, password, ...more] = words.filter((word) => word !== "--sealed");
    const sealed = words.includes("--sealed");
    if (room === undefined || more.length > 0) return undefined;
    const flag = [room, password].find((word) => word?.startsWith("--") === true);
    // A mistyped flag must not be used as the room password.
    if (flag !== undefined) throw unknownFlag(flag);
    if (sealed && password !== undefined) return undefined;
    return { room: checkName(room.replace(/^#/, ""), "room's name"), password, sealed };
  },
  async run(args, session, host) {
    const attempt = () => host.join(args);
    const answer = await (args.sealed ? joinSealed(session, args.room, attempt) : attempt());
    if (answer === undefined) return undefined;
    const { name, created } = answer;
    const json = { kind: "joined", room: name, created };
    if (!created) return { json, roomToOpen: name };
    const note: Message = (texts) =>
      (args.sealed ? texts.sealedRoomCreated : texts.roomCreated)(name);
    return { json, note, roomToOpen: name };
  },
};

function unknownFlag(flag: string): Fault {
  return new Fault("usage", msg`unknown option for /join: ${flag.slice(0, 40)}`, {
    remedy: msg`passwords cannot start with --; for an encrypted room: /join ROOM --sealed`,
  });
}
