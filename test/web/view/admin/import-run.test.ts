import { expect, test } from "bun:test";
import { Fault } from "../../../../src/base/fault.ts";
import type { Name } from "../../../../src/base/names.ts";
import type { SendRequest } from "../../../../src/client/link/queries.ts";
import type { ImportChange } from "../../../../src/core/people/import-plan.ts";
import { ENGLISH } from "../../../../src/ui/messages/en/page.ts";
import { type DoneImport, performImport } from "../../../../src/web/view/admin/import-run.ts";
import { VirtualClock } from "../../../client/virtual-clock.ts";

const PEOPLE = Array.from({ length: 100 }, (_, i) => `pupil${i}` as Name);
const CHANGES: readonly ImportChange[] = PEOPLE.map((user, i) => {
  return { kind: "create-account", line: i + 1, user, displayName: undefined };
});

test("an import that is cut off gives each card that the server may have recorded", async () => {
  const recorded = new Map<string, string>();
  let answers = 0;
  const request = (_kind: string, { user, code }: { user: string; code: string }) => {
    recorded.set(user, code);
    if (++answers > 10) return Promise.reject(new Fault("link-closed", "connection lost"));
    return Promise.resolve({ user, token: code, expires: 0 });
  };
  const entropy = (sizeBytes: number) => crypto.getRandomValues(new Uint8Array(sizeBytes));
  const options = {
    clock: new VirtualClock(),
    entropy,
    request: request as SendRequest,
    texts: ENGLISH,
    origin: "https://chat.example",
  };
  let done: DoneImport | undefined;
  const outcome = performImport(options, CHANGES, (result) => {
    done = result;
  });
  expect(await outcome.catch(({ code }: Fault) => code)).toBe("link-closed");
  expect(done).toMatchObject({ changes: 10, total: 100, isCut: true, refused: [] });
  expect(new Map(done?.cards.map(({ user, code }) => [user as string, code]))).toEqual(recorded);
});
