import { describe, expect, test } from "bun:test";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import { GROUP_COMMITS_REMEMBERED, GROUP_DEVICES_MAX } from "../../../src/base/limits-sealed.ts";
import { checkName } from "../../../src/base/names.ts";
import {
  checkSealing,
  type GroupChange,
  type GroupCommand,
  groupDrafts,
  previousAnswer,
} from "../../../src/core/rooms/group.ts";
import { departedUsers } from "../../../src/core/rooms/group-state.ts";
import { Rooms } from "../../../src/core/rooms/rooms.ts";
import { faultCode } from "../../fault-code.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { ANA, BEN, EVE, Ledger, ROOM } from "../ledger.ts";

const DIRECT = "dDDDDDDDDDDD" as RoomId;
const OPEN = "rOOOOOOOOOOO" as RoomId;
const device = (user: UserId) => [`device of ${user}`, user] as const;

class Vault {
  readonly rooms = new Rooms();
  readonly ledger = new Ledger();

  constructor() {
    this.write("room", ROOM, ANA, { name: "vault", sealed: true });
    this.write("join", ROOM, ANA);
    this.write("room", OPEN, ANA, { name: "open" });
    this.write("join", OPEN, ANA);
    this.write("room", DIRECT, "server", { direct: [ANA, BEN] });
  }

  write(kind: Parameters<Ledger["write"]>[0], room: string, by: string, body: unknown = {}) {
    this.rooms.apply(this.ledger.write(kind, room, by, body));
  }

  get room() {
    const room = this.rooms.get(ROOM);
    if (room === undefined) throw new Error("no room");
    return room;
  }

  commit(user: UserId, change: Partial<GroupChange>, room: RoomId = ROOM): string {
    const command = commandOf(user, change, room);
    return faultCode(() => {
      const drafts = groupDrafts(this.rooms, command);
      for (const draft of drafts) this.rooms.apply(this.ledger.append(draft));
    });
  }
}

function commandOf(user: UserId, change: Partial<GroupChange>, room: RoomId): GroupCommand {
  const epoch = change.epoch ?? 0;
  return {
    kind: "group",
    requester: { id: 1, user, session: 1 },
    isOperator: false,
    room,
    device: device(user)[0],
    change: {
      group: "g",
      epoch,
      commitId: `to ${epoch}`,
      info: `info ${epoch}`,
      added: epoch === 0 ? [device(user)] : [],
      removed: [],
      ...change,
    },
  };
}

const vaultTest = fixtureTest(() => new Vault());

vaultTest("gives the reason why a sealed room refuses an import", (vault) => {
  vault.commit(ANA, {});
  const body = { text: "hi", imported: { from: "ana", time: 1 } };
  expect(() => checkSealing(vault.room, "text", body)).toThrow("cannot be imported");
  expect(() => checkSealing(vault.room, "text", { text: "hi" })).toThrow("is encrypted");
});

describe("group", () => {
  test("is created once, by the room creator's device, in a sealed room or a conversation", () => {
    const vault = new Vault();
    expect(vault.commit(BEN, {})).toBe("not-member");
    expect(vault.commit(ANA, { added: [device(BEN)] })).toBe("not-allowed");
    expect(vault.commit(ANA, { added: [[device(ANA)[0], BEN]] })).toBe("not-allowed");
    expect(vault.commit(ANA, { added: [device(ANA), device(BEN)] })).toBe("not-allowed");
    expect(vault.commit(ANA, { removed: [device(ANA)] })).toBe("not-allowed");
    const kick = { user: BEN, name: checkName("ben"), isOperator: false };
    expect(vault.commit(ANA, { kick })).toBe("not-allowed");
    expect(vault.commit(ANA, {}, OPEN)).toBe("not-allowed");
    expect(vault.commit(ANA, { epoch: 1 })).toBe("not-found");
    expect(vault.commit(ANA, {}, "rnone" as RoomId)).toBe("room-unknown");
    expect(vault.commit(ANA, {})).toBe("none");
    expect(vault.commit(ANA, {})).toBe("stale-epoch");
    expect(vault.commit(BEN, {}, DIRECT)).toBe("none");
    expect(vault.rooms.get(DIRECT)).toMatchObject({ isSealed: true, group: { epoch: 0 } });
  });

  vaultTest("is created only by the room's moderators", (vault) => {
    vault.write("join", ROOM, BEN);
    expect(vault.commit(BEN, {})).toBe("not-allowed");
  });

  vaultTest("advances one epoch per commit", (vault) => {
    vault.commit(ANA, {});
    expect(vault.commit(ANA, { epoch: 2 })).toBe("stale-epoch");
    expect(vault.commit(ANA, { epoch: 1, group: "other" })).toBe("stale-epoch");
    expect(vault.commit(ANA, { epoch: 1, added: [device(BEN)] })).toBe("none");
    expect(vault.commit(ANA, { epoch: 1 })).toBe("stale-epoch");
    expect(vault.room.admitted.has(BEN)).toBe(true);
    expect(vault.room.members.has(BEN)).toBe(false);
    expect(departedUsers(vault.room).size).toBe(0);
    const devices: (readonly [string, UserId])[] = [...(vault.room.group?.devices ?? [])];
    expect(devices).toEqual([device(ANA), device(BEN)]);
  });

  vaultTest("readds a device by one commit, and keeps at least one", (vault) => {
    vault.commit(ANA, {});
    const back = { removed: [device(ANA)], added: [device(ANA)] };
    expect(vault.commit(ANA, { epoch: 1, ...back })).toBe("none");
    expect(vault.commit(ANA, { epoch: 2, removed: [device(ANA)] })).toBe("not-allowed");
    expect(vault.commit(ANA, { epoch: 2, removed: [[device(ANA)[0], BEN]] })).toBe("not-allowed");
    expect(vault.commit(ANA, { epoch: 2, removed: [device(BEN)] })).toBe("not-allowed");
    expect(vault.commit(ANA, { epoch: 2, added: [device(ANA)] })).toBe("not-allowed");
  });

  vaultTest("lets a moderator replace the last commit of another device", (vault) => {
    vault.write("join", ROOM, BEN);
    vault.commit(ANA, {});
    vault.commit(ANA, { epoch: 1, added: [device(BEN)] });
    const instead = vault.room.group?.seq ?? 0;
    const replace = (user: UserId, seq: number) =>
      vault.commit(user, { epoch: 1, instead: seq, commitId: `instead by ${user}` });
    expect(replace(BEN, instead)).toBe("not-allowed");
    expect(replace(ANA, instead)).toBe("not-allowed");
    expect(replace(ANA, instead - 1)).toBe("stale-epoch");
    vault.commit(ANA, {}, DIRECT);
    vault.commit(ANA, { epoch: 1, added: [device(BEN)] }, DIRECT);
    const direct = vault.rooms.get(DIRECT);
    const change = { epoch: 1, instead: direct?.group?.seq ?? 0, commitId: "instead" };
    expect(vault.commit(BEN, { ...change, added: [device(EVE)] }, DIRECT)).toBe("none");
    expect([...(direct?.group?.devices.values() ?? [])]).toEqual([ANA, EVE]);
  });

  vaultTest("limits its devices", (vault) => {
    vault.commit(ANA, {});
    const many = (count: number) =>
      Array.from({ length: count }, (_, at) => [`${at}`, BEN] as const);
    expect(vault.commit(ANA, { epoch: 1, added: many(GROUP_DEVICES_MAX) })).toBe("too-many");
    expect(vault.commit(ANA, { epoch: 1, added: many(GROUP_DEVICES_MAX - 1) })).toBe("none");
  });

  vaultTest("repeats the answers to the latest commits", (vault) => {
    vault.commit(ANA, {});
    const before = (commitId: string, user = ANA) =>
      previousAnswer(vault.rooms, commandOf(user, { commitId }, ROOM));
    expect(before("to 0")).toMatchObject({ epoch: 0 });
    expect(before("to 0", BEN)).toBeUndefined();
    for (let epoch = 1; epoch <= GROUP_COMMITS_REMEMBERED; epoch++) vault.commit(ANA, { epoch });
    expect(before("to 0")).toBeUndefined();
    expect(before("to 1")).toMatchObject({ epoch: 1 });
  });

  vaultTest("ignores damaged records written to the log's file", (vault) => {
    vault.commit(ANA, {});
    for (const body of [{}, { epoch: 1 }, { group: "g", epoch: 1, added: [1] }]) {
      vault.write("group", ROOM, ANA, body);
    }
    expect(vault.room.group?.epoch).toBe(0);
  });
});

describe("former members", () => {
  function three(): Vault {
    const vault = new Vault();
    vault.commit(ANA, {});
    vault.commit(ANA, { epoch: 1, added: [device(BEN), device(EVE)] });
    vault.write("join", ROOM, BEN);
    vault.write("join", ROOM, EVE);
    return vault;
  }
  const ben = { user: BEN, name: checkName("ben"), isOperator: false };

  test("are removed with all devices by a moderator", () => {
    const vault = three();
    expect(vault.commit(ANA, { epoch: 2, kick: ben })).toBe("not-allowed");
    expect(vault.commit(EVE, { epoch: 2, removed: [device(BEN)], kick: ben })).toBe("not-allowed");
    expect(vault.commit(ANA, { epoch: 2, removed: [device(BEN)], kick: ben })).toBe("none");
    expect(departedUsers(vault.room)).toEqual(new Set());
    expect(vault.room.admitted.has(BEN)).toBe(false);
  });

  test.each([
    ["left", (vault: Vault) => vault.write("leave", ROOM, BEN)],
    ["was put out without a commit", (vault: Vault) => vault.write("kick", ROOM, ANA, ben)],
  ])("%s: blocks posts until the devices are removed", (_, go) => {
    const vault = three();
    const speak = (epoch: number) => faultCode(() => checkSealing(vault.room, "sealed", { epoch }));
    expect(speak(1)).toBe("none");
    go(vault);
    expect([...departedUsers(vault.room)]).toEqual([BEN]);
    expect(speak(1)).toBe("stale-epoch");
    expect(vault.commit(EVE, { epoch: 2, removed: [device(BEN)] })).toBe("none");
    expect(speak(2)).toBe("none");
  });
});

vaultTest("accept only sealed records of the epoch, and files without a name", (vault) => {
  const check = (kind: "text" | "sealed" | "file", body: unknown) =>
    faultCode(() => checkSealing(vault.room, kind, body));
  expect(check("text", { text: "x" })).toBe("sealed-room");
  expect(check("sealed", { epoch: 0 })).toBe("not-allowed");
  vault.commit(ANA, {});
  expect(check("sealed", { epoch: 0 })).toBe("none");
  expect(check("sealed", { epoch: 1 })).toBe("stale-epoch");
  expect(check("file", { files: [{ name: "sealed" }] })).toBe("sealed-room");
  const listed = (...files: readonly object[]) => check("sealed", { epoch: 0, files });
  const preview = { file: "f", size: 1, digest: "d" };
  expect(listed({ name: "sealed" }, { name: "sealed", details: undefined, preview })).toBe("none");
  for (const more of [
    { name: "plan.pdf" },
    { details: {} },
    { folder: {} },
    { later: "field" },
    { preview: { ...preview, width: 4, height: 3 } },
  ])
    expect(listed({ name: "sealed" }, { name: "sealed", ...more })).toBe("sealed-room");
});
