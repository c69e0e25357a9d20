import { describe, expect, test } from "bun:test";
import { CANDIDATES_LISTED_MAX } from "../../../../src/base/limits-screen.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
import { recordEvent } from "../../../core/model-scene.ts";
import { CAT, lobby, Screen } from "./scene.ts";

const room = (name: string, i: number) =>
  ({ kind: "room", room: `r${i}`, name, n: 1, skipped: 0, read: 1 }) as unknown as ModelEvent;

function crowd(...events: readonly ModelEvent[]): Screen {
  const names = ["cleo", "Carl", "carla"];
  return new Screen(
    lobby(
      ...names.map((from, i) => recordEvent(12 + i, { from })),
      room("long-talk", 1),
      ...events,
    ),
  );
}

const NAMED: ModelEvent = { kind: "named", names: [["ben", "Ana Ruíz"]] };

describe("Tab", () => {
  test.each([
    ["@rui", "@ben |"],
    ["hi @ana-r", "hi @ben |"],
    ["/whois RUÍ", "/whois ben |"],
    ["@xyz", "@xyz|"],
    ["hi @Ana R", "hi @ben |"],
    // No display name matches. The last letter alone would match another account.
    ["hi @Ana X c", "hi @Ana X c|"],
    ["hi @ben c", "hi @ben carla |"],
  ])("completes %j by a display name", (input, expected) => {
    expect(crowd(NAMED).type(input).press("tab").line).toBe(expected);
  });

  test.each([
    ["be", "ben: |"],
    ["@be", "@ben |"],
    ["hi @BE", "hi @ben |"],
    ["hi ＠be", "hi @ben |"],
    ["see #lon", "see #long-talk |"],
    ["a :white_check", "a ✅ |"],
    ["/react +1", "/react 👍 |"],
    ["/get CAT", `/get ${CAT} |`],
    ["/qui", "/quiet |"],
    ["/join lon", "/join long-talk |"],
    ["/msg ben see #lon", "/msg ben see #long-talk |"],
    ["/quiet of", "/quiet off |"],
    ["/set th", "/set theme |"],
    ["/get fab", `/get ${CAT} |`],
    ["/help se", "/help send |"],
    ["/send photo o", String.raw`/send photo\ one.png|`],
    [String.raw`/send photo\ o`, String.raw`/send photo\ one.png|`],
    ['/send "photo o', '/send "photo one.png|'],
    ["/send a.png --c", "/send a.png --caption |"],
    ["/send a.png --caption to be", "/send a.png --caption to ben |"],
    ["/send a.png --x", "/send a.png --x|"],
    ["/get f1 pic", "/get f1 pictures/|"],
    ["/get f1 pic", "/get f1 pictures/|"],
    ["nobody", "nobody|"],
    [":s", ":s|"],
  ])("%j becomes %j", (input, expected) => {
    const screen = crowd().type(input).press("tab");
    expect(screen.line).toBe(expected);
  });

  test("cycles through candidates, recent authors first; Esc restores the text", () => {
    const screen = crowd().type("ca").press("tab");
    expect(screen.state.completion?.candidates.map(({ text }) => text)).toEqual([
      ...["carla: ", "Carl: "],
    ]);
    expect(screen.line).toBe("carla: |");
    expect(screen.press("tab").line).toBe("Carl: |");
    expect(screen.press("tab").line).toBe("carla: |");
    expect(screen.press("shift-tab").line).toBe("Carl: |");
    expect(screen.press("esc").line).toBe("ca|");
    expect(screen.state.completion).toBeUndefined();
    screen.press("tab").type("hi");
    expect([screen.line, screen.state.completion]).toEqual(["carla: hi|", undefined]);
  });

  test("keeps the text after the cursor and one space", () => {
    const screen = crowd().type("x  you").press("left", "left", "left", "left").type("@be");
    expect(screen.line).toBe("x @be| you");
    expect(screen.press("tab").line).toBe("x @ben| you");
    const several = crowd().type(" you").press("home").type("@ca").press("tab", "tab");
    expect(several.line).toBe("@Carl| you");
    expect(several.press("esc").line).toBe("@ca| you");
  });

  test("requests an unread folder, and completes after it is read", () => {
    const screen = crowd().type("/send later/no").press("tab");
    expect(screen.actions).toEqual([{ kind: "list-folder", path: "later/" }]);
    expect(screen.line).toBe("/send later/no|");
    const { source } = screen.context;
    const folder = () => [{ name: "now", isFolder: false }];
    screen.context = { ...screen.context, source: { ...source, folder } };
    expect(screen.press("tab").line).toBe("/send later/now|");
  });

  test("omits names with control characters", () => {
    const screen = crowd();
    const folder = () => [{ name: "no\x1b[2J", isFolder: false }];
    screen.context = { ...screen.context, source: { ...screen.context.source, folder } };
    expect(screen.type("/send n").press("tab").line).toBe("/send n|");
  });

  test("offers at most CANDIDATES_LISTED_MAX candidates", () => {
    const rooms = (count: number) =>
      crowd(...Array.from({ length: count }, (_, i) => room(`many${i}`, 10 + i)))
        .type("#many")
        .press("tab").state.completion?.candidates.length;
    expect(rooms(CANDIDATES_LISTED_MAX)).toBe(CANDIDATES_LISTED_MAX);
    expect(rooms(CANDIDATES_LISTED_MAX + 1)).toBe(CANDIDATES_LISTED_MAX);
  });
});
