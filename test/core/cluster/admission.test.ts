import { describe, expect } from "bun:test";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import { CLUSTER_WINDOW_RECORDS } from "../../../src/base/limits-cluster.ts";
import { ClusterAdmission } from "../../../src/core/cluster/admission.ts";
import type { Draft } from "../../../src/wire/record.ts";
import { fixtureTest } from "../../fixture-test.ts";

const ROOM = "rRRRRRRRRRRR" as RoomId;
const ANA = "uAAAAAAAAAAA" as UserId;
const BOX = "AAAAAAAAAAA";

function post(counter: number): Draft {
  return { kind: "text", room: ROOM, by: ANA, id: `${BOX}.${counter}`, body: { text: "hi" } };
}

function made(room: string, name: string): Draft {
  return { kind: "room", room: room as RoomId, by: ANA, id: "", body: { name } };
}

function objection(
  admission: ClusterAdmission,
  draft: Draft,
  {
    history = 0,
    accounts = 0,
    follows,
  }: { history?: number; accounts?: number; follows?: number } = {},
) {
  const drafts = [follows === undefined ? { draft } : { draft, follows }];
  return admission.rejectionReason({ base: { history, accounts }, drafts });
}

const admissionTest = fixtureTest(() => new ClusterAdmission());

describe("decision", () => {
  admissionTest("is valid until something that it reads changes", (admission) => {
    expect(objection(admission, made("rAAAAAAAAAAA", "dev"))).toBeUndefined();
    admission.advance({ draft: made("rAAAAAAAAAAA", "dev"), seq: 1 });
    expect(objection(admission, made("rBBBBBBBBBBB", "DEV"))).toBe("changed");
    expect(objection(admission, made("rBBBBBBBBBBB", "DEV"), { history: 1 })).toBeUndefined();
    expect(objection(admission, made("rBBBBBBBBBBB", "lab"))).toBeUndefined();
  });

  admissionTest("is invalidated by a later ban in the accounts log", (admission) => {
    const ban: Draft = { kind: "ban", room: ANA, by: ANA, id: "", body: { on: true } };
    admission.advance({ draft: ban, seq: 1 });
    expect(objection(admission, post(1))).toBe("changed");
    expect(objection(admission, post(1), { accounts: 1 })).toBeUndefined();
  });

  admissionTest("is refused if its node was too far behind", (admission) => {
    admission.advance({ draft: post(1), seq: CLUSTER_WINDOW_RECORDS + 1 });
    expect(objection(admission, made("rAAAAAAAAAAA", "dev"))).toBe("too-old");
    expect(objection(admission, made("rAAAAAAAAAAA", "dev"), { history: 1 })).toBeUndefined();
  });

  admissionTest("is refused if older than the window", (admission) => {
    admission.advance({ draft: made("rAAAAAAAAAAA", "dev"), seq: 1 });
    admission.advance({ draft: post(3), seq: 2 });
    const at = (seq: number) => {
      admission.advance({ draft: { ...post(1), id: "" }, seq });
      const name = objection(admission, made("rBBBBBBBBBBB", "dev"), { history: 0 });
      return [name, objection(admission, post(3), { history: seq })];
    };
    expect(at(CLUSTER_WINDOW_RECORDS)).toEqual(["changed", "repeated"]);
    expect(at(CLUSTER_WINDOW_RECORDS + 1)).toEqual(["too-old", "repeated"]);
    expect(at(CLUSTER_WINDOW_RECORDS + 2)).toEqual(["too-old", undefined]);
  });
});

describe("post", () => {
  admissionTest("is recorded once, regardless of its server", (admission) => {
    admission.advance({ draft: post(3), seq: 1 });
    expect(objection(admission, post(3), { history: 1 })).toBe("repeated");
    expect(objection(admission, post(2), { history: 1 })).toBe("repeated");
    expect(objection(admission, post(4), { history: 1 })).toBeUndefined();
  });

  admissionTest("never overtakes the post in flight before it", (admission) => {
    admission.advance({ draft: post(1), seq: 1 });
    expect(objection(admission, post(3), { history: 1, follows: 2 })).toBe("overtaken");
    admission.advance({ draft: post(2), seq: 2 });
    expect(objection(admission, post(3), { history: 1, follows: 2 })).toBeUndefined();
  });
});
