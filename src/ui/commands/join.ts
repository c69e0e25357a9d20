/** `/join`. */

import { Fault, msg } from "../../base/fault.ts";
import { checkName } from "../../base/names.ts";
import { joinSealed } from "../../client/chat/room-actions.ts";
import type { Message } from "../messages/en/terminal.ts";
import { type Command, type JoinOrder, wordsOf } from "./command.ts";

export const join: Command<JoinOrder> = {
  usage: "/join ROOM [PASSWORD | --sealed]",
  parse(words) {
    const given = wordsOf(words, 1, 2);
    if (given === undefined) return undefined;
    const [room, password, ...more] = given.filter((word) => word !== "--sealed");
    const sealed = given.includes("--sealed");
    if (room === undefined || more.length > 0) return undefined;
    const flag = [room, password].find((word) => word?.startsWith("--") === true);
    // A mistyped flag must not become the password that locks the room.
    if (flag !== undefined) throw unknownFlag(flag);
    if (sealed && password !== undefined) return undefined;
    return { room: checkName(room.replace(/^#/, ""), "room's name"), password, sealed };
  },
  async run(order, session, host) {
    const attempt = () => host.join(order);
    const answer = await (order.sealed ? joinSealed(session, order.room, attempt) : attempt());
    if (answer === undefined) return undefined;
    const { name, created } = answer;
    const json = { kind: "joined", room: name, created };
    if (!created) return { json, enter: name };
    const note: Message = (texts) => (order.sealed ? texts.sealedRoomMade : texts.roomMade)(name);
    return { json, note, enter: name };
  },
};

function unknownFlag(flag: string): Fault {
  return new Fault("usage", msg`unknown option for /join: ${flag.slice(0, 40)}`, {
    remedy: msg`passwords cannot start with --; for a sealed room: /join ROOM --sealed`,
  });
}
