import { describe, expect, test } from "bun:test";
import { boxId, type RoomId, type UserId } from "../../../src/base/ids.ts";
import {
  JOINED_ROOMS_MAX,
  ROOM_MEMBERS_MAX,
  ROOMS_MAX,
  ROOMS_PER_ACCOUNT_MAX,
  ROOMS_RESERVED,
} from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import {
  checkMayCreate,
  checkPost,
  joinDrafts,
  leaveDrafts,
  lobbyJoinDrafts,
  postDraft,
  topicDraft,
} from "../../../src/core/rooms/drafts.ts";
import { LOBBY, type Room, Rooms } from "../../../src/core/rooms/rooms.ts";
import { faultCode } from "../../fault-code.ts";
import { ANA, BEN, BOX, EVE, Ledger, ROOM } from "../ledger.ts";

const DEV = checkName("dev");
const LAB = "rLLLLLLLLLLL" as RoomId;
const options = (more: Partial<Parameters<typeof joinDrafts>[2]> = {}) => ({
  name: DEV,
  create: undefined,
  ...more,
});
const create = { room: ROOM, locked: false };

function folded(command: (ledger: Ledger) => void): Rooms {
  const ledger = new Ledger();
  command(ledger);
  const rooms = new Rooms();
  for (const record of ledger.records) rooms.apply(record);
  return rooms;
}

const leaves = (rooms: Rooms, user: UserId, change: Parameters<typeof leaveDrafts>[2]) =>
  leaveDrafts(rooms, { user, isOperator: false }, change, 0);
const dev = (body = {}) =>
  folded((ledger) => {
    ledger.write("room", ROOM, ANA, { name: "dev", ...body });
    ledger.write("join", ROOM, ANA, {});
  });

describe("joining", () => {
  test("creates the room only if requested", () => {
    const rooms = new Rooms();
    expect(faultCode(() => joinDrafts(rooms, ANA, options()))).toBe("room-unknown");
    const drafts = joinDrafts(rooms, ANA, options({ create }));
    expect(drafts.map(({ kind, room, by }) => [kind, room, by])).toEqual([
      ["room", ROOM, ANA],
      ["join", ROOM, ANA],
    ]);
    const rules = { topic: "moderators" };
    expect(drafts[0]?.body).toEqual({ name: DEV, rules });
    const [made] = joinDrafts(rooms, ANA, options({ create: { room: ROOM, locked: true } }));
    expect(made?.body).toEqual({ name: DEV, locked: true, rules });
  });

  test("joins an existing room instead of creating it", () => {
    const rooms = dev();
    expect(joinDrafts(rooms, ANA, options())).toEqual([]);
    const other = { room: "rSSSSSSSSSSS" as RoomId, locked: false };
    const drafts = joinDrafts(rooms, BEN, options({ create: other }));
    expect(drafts.map(({ kind, room }) => [kind, room])).toEqual([["join", ROOM]]);
  });

  test("requires an invitation to a sealed room", () => {
    const sealed = dev({ sealed: true });
    expect(faultCode(() => joinDrafts(sealed, BEN, options()))).toBe("sealed-room");
    sealed.get(ROOM)?.admitted.add(BEN);
    expect(joinDrafts(sealed, BEN, options())).toHaveLength(1);
  });

  test("requires the password of a locked room only once", () => {
    const locked = dev({ locked: true });
    expect(faultCode(() => joinDrafts(locked, BEN, options()))).toBe("room-password-wrong");
    expect(joinDrafts(locked, BEN, options({ opens: ROOM }))).toHaveLength(1);
    // The room whose password was checked has another name by now.
    expect(faultCode(() => joinDrafts(locked, BEN, options({ opens: LAB })))).toBe(
      "room-password-wrong",
    );
    const left = folded((ledger) => {
      ledger.write("room", ROOM, ANA, { name: "dev", locked: true });
      ledger.write("join", ROOM, BEN, {});
      ledger.write("leave", ROOM, BEN, {});
    });
    expect(joinDrafts(left, BEN, options())).toHaveLength(1);
  });

  const used = (ledger: Ledger, count: number, by = (i: number) => `u${i}`) => {
    for (let i = 0; i < count; i++) {
      ledger.write("room", `r${i}`, by(i), { name: `n${i}` });
      ledger.write("join", `r${i}`, BEN, {});
    }
  };
  const operators = { ...create, isOperator: true };

  test("limits rooms, with a reserve for operators", () => {
    const ledger = new Ledger();
    used(ledger, ROOMS_MAX - ROOMS_RESERVED - 1);
    const full = new Rooms();
    for (const record of ledger.records) full.apply(record);
    expect(joinDrafts(full, ANA, options({ create }))).toHaveLength(2);
    const add = (name: string) => {
      full.apply(ledger.write("room", `r${name}`, BEN, { name }));
      full.apply(ledger.write("join", `r${name}`, BEN, {}));
    };
    add("last");
    expect(faultCode(() => joinDrafts(full, ANA, options({ create })))).toBe("too-many");
    for (let i = 1; i < ROOMS_RESERVED; i++) add(`o${i}`);
    expect(joinDrafts(full, ANA, options({ create: operators }))).toHaveLength(2);
    add("end");
    expect(faultCode(() => joinDrafts(full, ANA, options({ create: operators })))).toBe("too-many");
  });

  test("limits rooms created by one account, except an operator's", () => {
    const made = (count: number) => folded((ledger) => used(ledger, count, () => ANA));
    expect(joinDrafts(made(ROOMS_PER_ACCOUNT_MAX - 1), ANA, options({ create }))).toHaveLength(2);
    const full = made(ROOMS_PER_ACCOUNT_MAX);
    expect(faultCode(() => joinDrafts(full, ANA, options({ create })))).toBe("too-many");
    expect(joinDrafts(full, EVE, options({ create }))).toHaveLength(2);
    expect(joinDrafts(full, ANA, options({ create: operators }))).toHaveLength(2);
  });

  test("excludes vacant rooms from the limit", () => {
    const vacant = folded((ledger) => {
      for (let i = 0; i < ROOMS_MAX; i++) ledger.write("room", `r${i}`, ANA, { name: `n${i}` });
    });
    expect(joinDrafts(vacant, ANA, options({ create }))).toHaveLength(2);
  });

  test("limits members of a room", () => {
    const rooms = dev();
    const { members } = rooms.get(ROOM) ?? { members: new Set<UserId>() };
    for (let i = members.size; i < ROOM_MEMBERS_MAX - 1; i++) members.add(`u${i}` as UserId);
    expect(joinDrafts(rooms, BEN, options())).toHaveLength(1);
    members.add("ulast" as UserId);
    expect(faultCode(() => joinDrafts(rooms, BEN, options()))).toBe("too-many");
  });

  test("limits joined rooms of one account, except conversations begun by others", () => {
    const joined = (count: number) =>
      folded((ledger) => {
        ledger.write("room", ROOM, BEN, { name: "dev" });
        for (let i = 0; i < count; i++) {
          ledger.write("room", `r${i}`, ANA, { name: `n${i}` });
          ledger.write("join", `r${i}`, ANA, {});
        }
        for (let i = 0; i < 5; i++) ledger.write("room", `d${i}`, "server", { direct: [ANA, BEN] });
      });
    expect(joinDrafts(joined(JOINED_ROOMS_MAX - 1), ANA, options())).toHaveLength(1);
    expect(faultCode(() => joinDrafts(joined(JOINED_ROOMS_MAX), ANA, options()))).toBe("too-many");
  });

  test("does not count a moderator's boxes", () => {
    const moderated = folded((ledger) => {
      ledger.write("room", ROOM, BEN, { name: "dev" });
      ledger.write("room", LAB, ANA, { name: "lab" });
      ledger.write("join", LAB, ANA, {});
      for (let i = 0; i < JOINED_ROOMS_MAX; i++) {
        const pupil = `u${`${i}`.padStart(11, "x")}` as UserId;
        ledger.write("join", LAB, pupil, {});
        ledger.write("room", boxId(LAB, pupil), "server", {});
      }
    });
    expect(moderated.boxesOf(moderated.get(LAB) as Room)).toHaveLength(JOINED_ROOMS_MAX);
    expect([...moderated.roomsOf(ANA)].length).toBeGreaterThan(JOINED_ROOMS_MAX);
    expect(joinDrafts(moderated, ANA, options())).toHaveLength(1);
  });

  test("limits conversations begun by one account", () => {
    const begun = (count: number) =>
      folded((ledger) => {
        for (let i = 0; i < count; i++) {
          const body = { direct: [ANA, `u${i}`], initiator: ANA };
          ledger.write("room", `d${i}`, "server", body);
        }
      });
    const target = { id: ROOM, room: undefined, peer: EVE };
    const check = (rooms: Rooms) =>
      faultCode(() => checkMayCreate(rooms, { user: ANA, unixMs: 0 }, target));
    expect(check(begun(JOINED_ROOMS_MAX - 1))).toBe("none");
    expect(check(begun(JOINED_ROOMS_MAX))).toBe("too-many");
  });

  test("joins the lobby only once", () => {
    expect(faultCode(() => lobbyJoinDrafts(new Rooms(), ANA))).toBe("room-unknown");
    const lobby = folded((ledger) => {
      ledger.write("room", ROOM, "server", { name: LOBBY });
      ledger.write("join", ROOM, ANA, {});
    });
    expect(lobbyJoinDrafts(lobby, ANA)).toEqual([]);
    expect(lobbyJoinDrafts(lobby, BEN)).toHaveLength(1);
  });
});

describe("member permissions", () => {
  test("allows members to leave and set a topic, and refuses others", () => {
    const rooms = dev();
    const leave = { room: DEV };
    expect(leaves(rooms, ANA, leave)[0]).toMatchObject({ kind: "leave", room: ROOM, by: ANA });
    const signed = { epoch: 1, signature: "s", device: "d" };
    const drafts = [rooms, dev({ sealed: true })].map((all) =>
      leaves(all, ANA, { ...leave, signed }),
    );
    expect(drafts.map(([draft]) => draft?.body)).toEqual([{}, signed]);
    expect(
      topicDraft(rooms, { user: ANA, isOperator: false }, { room: DEV, topic: "x" }, 0),
    ).toMatchObject({ kind: "topic", body: { topic: "x" } });
    expect(faultCode(() => leaves(rooms, BEN, leave))).toBe("not-member");
    expect(
      faultCode(() =>
        topicDraft(rooms, { user: BEN, isOperator: false }, { room: DEV, topic: "x" }, 0),
      ),
    ).toBe("not-member");
    const nowhere = { room: checkName("nowhere") };
    expect(faultCode(() => leaves(rooms, ANA, nowhere))).toBe("room-unknown");
  });

  test("records the reason of a leave, but not in a sealed room", () => {
    const leave = { room: DEV, reason: "bye" };
    expect(leaves(dev(), ANA, leave)[0]?.body).toEqual({ reason: "bye" });
    expect(leaves(dev(), ANA, { ...leave, reason: "" })[0]?.body).toEqual({});
    const sealed = dev({ sealed: true });
    expect(faultCode(() => leaves(sealed, ANA, leave))).toBe("sealed-room");
    expect(leaves(sealed, ANA, { ...leave, reason: "" })[0]?.body).toEqual({});
  });

  test("omits the reason of a member who could not post it", () => {
    const withRules = (rules: object) =>
      folded((ledger) => {
        ledger.write("room", ROOM, ANA, { name: "dev" });
        ledger.write("join", ROOM, ANA, {});
        ledger.write("join", ROOM, BEN, {});
        ledger.write("rules", ROOM, ANA, rules);
      });
    const reasons = (rooms: Rooms) =>
      [ANA, BEN].map((user) => leaves(rooms, user, { room: DEV, reason: "bye" })[0]?.body);
    const given = { reason: "bye" };
    expect(reasons(withRules({}))).toEqual([given, given]);
    for (const rules of [{ post: "moderators" }, { post: "private" }, { slow: 30 }]) {
      expect(reasons(withRules(rules))).toEqual([given, {}]);
    }
    const muted = folded((ledger) => {
      ledger.write("room", ROOM, ANA, { name: "dev" });
      ledger.write("join", ROOM, BEN, {});
      ledger.write("mute", ROOM, ANA, { user: BEN, name: "ben", on: true });
    });
    expect(leaves(muted, BEN, { room: DEV, reason: "bye" })[0]?.body).toEqual({});
    const closed = folded((ledger) => {
      ledger.write("room", ROOM, ANA, { name: "dev" });
      ledger.write("join", ROOM, BEN, {});
      ledger.write("close", ROOM, ANA, { on: true });
    });
    expect(leaves(closed, BEN, { room: DEV, reason: "bye" })[0]?.body).toEqual({});
  });

  test("allows members to post, and a retry if the conversation could not be created", () => {
    const rooms = dev();
    const post = (user: UserId, to: RoomId) =>
      checkPost(rooms, { user, isOperator: false, to }, 0, { kind: "text", body: { text: "x" } });
    expect(post(ANA, ROOM).id).toBe(ROOM);
    expect(faultCode(() => post(BEN, ROOM))).toBe("not-member");
    expect(faultCode(() => post(ANA, "rnone" as RoomId))).toBe("room-unknown");
    expect(faultCode(() => post(ANA, "dnone" as RoomId))).toBe("store-full");
  });
});

describe("a post", () => {
  const request = (more = {}, outbox: string = BOX) => ({
    kind: "post" as const,
    ref: 1,
    outbox,
    counter: 3,
    to: "dev",
    body: { text: "hi", ...more },
  });

  test("is a text or an action with all fields of its body", () => {
    const { kind, id, body } = postDraft(ANA, request({ re: 5, mentions: ["ben"] }));
    expect([kind, id]).toEqual(["text", `${BOX}.3`]);
    expect(body).toEqual({ text: "hi", re: 5, mentions: ["ben"] });
    expect(postDraft(ANA, request({ action: true }))).toMatchObject({
      kind: "action",
      body: { text: "hi" },
    });
    expect(postDraft(ANA, request({ action: false })).kind).toBe("text");
  });

  test("is a notice only if it is a plain text", () => {
    const { kind, body } = postDraft(ANA, request({ notice: true, re: 5 }));
    expect([kind, body]).toEqual(["text", { text: "hi", notice: true, re: 5 }]);
    const others = [{ action: true }, { text: "", react: "+", re: 5 }];
    for (const other of others) {
      const post = (notice: boolean) => () => postDraft(ANA, request({ ...other, notice }));
      expect(faultCode(post(true))).toBe("text-invalid");
      expect(faultCode(post(false))).toBe("none");
    }
    const sealed = { epoch: 2, ciphertext: Uint8Array.of(1) };
    const wrong = request({ text: "", sealed, notice: true });
    expect(faultCode(() => postDraft(ANA, wrong))).toBe("text-invalid");
  });

  test("is a stamp only if it is a plain text without files", () => {
    const { kind, body } = postDraft(ANA, request({ stamp: "seen", re: 5 }));
    expect([kind, body]).toEqual(["text", { text: "hi", stamp: "seen", re: 5 }]);
    const imported = { from: "Ana María", time: 5 };
    const sealed = { epoch: 2, ciphertext: Uint8Array.of(1) };
    for (const other of [
      ...[{ action: true }, { notice: true }, { thread: true, re: 5 }, { imported }],
      ...[{ text: "", react: "+", re: 5 }, { poll: { options: 2 } }, { text: "", sealed }],
      { text: "" },
    ]) {
      const wrong = request({ stamp: "seen", ...other });
      expect(faultCode(() => postDraft(ANA, wrong))).toBe("text-invalid");
    }
    const files = request({ stamp: "seen", files: [] });
    expect(faultCode(() => postDraft(ANA, files, []))).toBe("text-invalid");
  });

  test("keeps an imported message's author and mentions nobody", () => {
    const imported = { from: "Ana María", time: 5 };
    const { kind, body } = postDraft(ANA, request({ imported, re: 5, mentions: ["ben"] }));
    expect(kind).toBe("text");
    expect(body).toEqual({ text: "hi", re: 5, imported });
    const marked = postDraft(ANA, request({ imported, re: 5, thread: true, notice: true }));
    expect(marked.body).toEqual({ text: "hi", re: 5, thread: true, notice: true, imported });
    const action = postDraft(ANA, request({ imported, action: true }));
    expect(action).toMatchObject({ kind: "action", body: { text: "hi", imported } });
    const reaction = postDraft(ANA, request({ imported, text: "", react: "+", re: 5 }));
    expect(reaction).toMatchObject({ kind: "reaction", body: { react: "+", re: 5, imported } });
    for (const wrong of [
      { imported: { from: "", time: 5 } },
      { imported, text: "" },
      { imported, text: "", react: "" },
    ]) {
      expect(faultCode(() => postDraft(ANA, request(wrong)))).toBe("text-invalid");
    }
  });

  test("excludes other content if sealed or a reaction", () => {
    const sealed = { epoch: 2, ciphertext: Uint8Array.of(1) };
    const { kind, body } = postDraft(ANA, request({ text: "", sealed }));
    expect([kind, body]).toEqual(["sealed", { epoch: 2, ciphertext: "AQ" }]);
    expect(postDraft(ANA, request({ text: "", react: "+", re: 5 })).kind).toBe("reaction");
    for (const wrong of [{ sealed }, { text: "", sealed, re: 5 }, { react: "+", re: 5 }]) {
      expect(faultCode(() => postDraft(ANA, request(wrong)))).toBe("text-invalid");
    }
    const nothing = request({ text: "", react: "+" });
    expect(faultCode(() => postDraft(ANA, nothing))).toBe("frame-malformed");
  });

  test("is rejected if empty or without a valid outbox", () => {
    expect(faultCode(() => postDraft(ANA, request({ text: "" })))).toBe("text-invalid");
    expect(faultCode(() => postDraft(ANA, request({}, "short")))).toBe("frame-malformed");
  });
});
