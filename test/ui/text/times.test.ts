import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { UserId } from "../../../src/base/ids.ts";
import { checkMayPost } from "../../../src/core/rooms/moderation.ts";
import { bannedFault } from "../../../src/core/rooms/policy.ts";
import type { Room } from "../../../src/core/rooms/rooms.ts";
import { faultText, PageFault } from "../../../src/ui/text/fault-text.ts";
import {
  formatTimestampIn,
  localeFor,
  timesIn,
  withLocalTimestamps,
} from "../../../src/ui/text/times.ts";
import { loadTexts } from "../../../src/web/browser/texts.ts";
import { faultOf } from "../../fault-code.ts";

const MOMENT = "2026-11-20T05:46:33.123Z";

function mutedFault(until: number | undefined): Fault {
  const [members, muted] = [new Set(["u"]), new Map([["u", until]])];
  const room = { members, muted, name: MOMENT } as unknown as Room;
  const fault = faultOf(() => checkMayPost(room, "u" as UserId, 0));
  return fault ?? new Fault("internal", "not muted");
}

test.each(["en", "id"])("a fault that ends tells its end as people do: %s", async (lang) => {
  const texts = await loadTexts(lang);
  const until = Date.parse(MOMENT);
  const local = timesIn(texts).full(until);
  for (const fault of [mutedFault(until), bannedFault({ until })]) {
    expect(faultText(fault, texts)).toContain(local);
    expect(faultText(fault, texts)).not.toContain("T05");
  }
  const reason = "spam\u202e";
  expect(faultText(bannedFault({ until, reason }), texts)).toContain(": spam<U+202E>. ");
});

test.each(["en", "id"])("a fault of the page has the page's own text: %s", async (lang) => {
  const texts = await loadTexts(lang);
  expect(faultText(new PageFault("not-found", "loadFailed"), texts)).toBe(texts.loadFailed);
  const unknown = new DOMException("NS_ERROR_FAILURE");
  expect(faultText(unknown, texts)).toBe(`${texts.faults.internal}.`);
});

test.each([
  ["en", ["en-US"], "5:46 PM", "Nov 20, 2026, 5:46 PM"],
  ["en", ["en-GB"], "17:46", "20 Nov 2026, 17:46"],
  ["id", ["id-ID", "en-US"], "17.46", "20 Nov 2026, 17.46"],
  ["en", ["de-DE"], "17:46", "Nov 20, 2026, 17:46"],
  ["id", ["en-US"], "5.46 PM", "20 Nov 2026, 05.46 PM"],
] as const)("times in %s follow a browser of %p", async (lang, preferred, clock, full) => {
  const locale = localeFor(lang, preferred);
  const texts = { ...(await loadTexts(lang)), locale };
  const times = timesIn(texts);
  const moment = new Date(2026, 10, 20, 17, 46, 33).getTime();
  const plain = (text: string) => text.replaceAll(/\s/g, " ");
  expect(plain(times.clock(moment))).toBe(clock);
  expect(plain(times.full(moment))).toBe(full);
  expect(plain(faultText(bannedFault({ until: moment }), texts))).toContain(full);
});

test("leaves invalid timestamps unchanged", async () => {
  const texts = await loadTexts("en");
  const strange = ["2026-99-99T99:99:99Z", "999999-01-01T00:00Z", "T05:46Z", "", "20 2026"];
  for (const text of strange) {
    expect(withLocalTimestamps(text, texts)).toBe(text);
    expect(formatTimestampIn(text, texts)).toBeUndefined();
  }
  expect(withLocalTimestamps("until +275760-09-13T00:00:00.000Z", texts)).toContain("275760");
  expect(withLocalTimestamps("until +275760-09-13T00:00:01.000Z", texts)).toContain("275760");
});
