import fc from "fast-check";
import { GROUP_ID_BYTES, LEASE_BYTES } from "../../src/base/limits-sealed.ts";
import type { Answer, RequestFields } from "../../src/wire/messages.ts";
import { count, exact, fields, moment, name, positive } from "./any-field.ts";

/** Arbitrary messages of sealed rooms. */

const blob = fc.uint8Array({ maxLength: 200 });
const group = exact(GROUP_ID_BYTES);
const lease = exact(LEASE_BYTES);
const made = fc.record({ seq: positive, epoch: count, time: moment });

export const ANY_SEALED_REQUEST = {
  "key-packages": fields<RequestFields<"key-packages">>(
    { packages: fc.array(blob, { maxLength: 5 }), lastResort: blob },
    ["packages"],
  ),
  "key-package": fc.record({ user: name }),
  "seal-lease": fields<RequestFields<"seal-lease">>({ count, lease, next: lease }, [
    "count",
    "next",
  ]),
  "group-create": fc.record({ target: name, group, commitId: name, info: blob }),
  "group-commit": fields<RequestFields<"group-commit">>(
    {
      target: name,
      group,
      epoch: count,
      commitId: name,
      commit: blob,
      welcome: blob,
      info: blob,
      added: fc.array(fc.record({ user: name, device: exact(32) }), { maxLength: 5 }),
      removed: fc.array(exact(32), { maxLength: 5 }),
      kick: name,
      instead: fc.integer({ min: 1, max: 1_000 }),
    },
    ["target", "group", "epoch", "commitId", "commit", "info", "added", "removed"],
  ),
  group: fc.record({ target: name }),
};

export const ANY_SEALED_ANSWER = {
  "key-packages": fields<Answer<"key-packages">>({ left: count, lastResort: fc.boolean() }, [
    "left",
  ]),
  "key-package": fc.record({
    packages: fc.array(fc.record({ device: exact(32), keyPackage: blob }), { maxLength: 5 }),
    missing: count,
  }),
  "seal-lease": fc.record({ count, isLatest: fc.boolean() }),
  "group-create": made,
  "group-commit": made,
  group: fields<Answer<"group">>(
    { room: name, made: fc.record({ group, epoch: count, info: blob, seq: positive }) },
    ["room"],
  ),
};
