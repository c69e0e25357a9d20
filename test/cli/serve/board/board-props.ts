import type { BoardFrame } from "../../../../src/cli/serve/board/frame.ts";
import type { BoardProps } from "../../../../src/cli/serve/board/head.ts";
import {
  type BoardFacts,
  type BoardState,
  firstBoard,
  type NewRow,
} from "../../../../src/cli/serve/board/state.ts";
import { type BoardInput, updateBoard } from "../../../../src/cli/serve/board/update.ts";

const MINUTE_MS = 60_000;
const START = Date.UTC(2026, 10, 30, 7, 40);
export const NOW = START + 36 * MINUTE_MS;

export const FACTS: BoardFacts = {
  name: "Room 12",
  sinceUnixMs: START,
  addresses: {
    page: "https://192.168.1.20:2428/",
    password: "yjm9-cmnb-wurk",
    command: "chat join 192.168.1.20 --user YOUR-NAME",
    inviteCommand: "chat join 'chat://192.168.1.20:2428/lobby#yjm9-cmnb-wurk'",
    link: "https://192.168.1.20:2428/#invite=yjm9-cmnb-wurk",
    operatorLink: "https://127.0.0.1:2428/#operator=ySJ_jFY-Rs6GM3G2q5_znw",
    others: [],
  },
  data: "/srv/data",
  operatorUntilUnixMs: START + 60 * MINUTE_MS,
  here: [],
  hereCount: 0,
  accounts: 0,
  hands: [],
  work: [],
  transfers: [],
  transferCount: 0,
  freeBytes: 61_200_000_000,
  announcement: undefined,
  sharedFirstNames: new Set(),
};

const NAMES = "Ayu,Budi,Citra,Dewi,Doni,Eko,Fajar,Gita,Hana,Indah".split(",");

export const LESSON: BoardFacts = {
  ...FACTS,
  here: [...NAMES, ...Array.from({ length: 13 }, (_, at) => `Pupil${at}`)],
  hereCount: 23,
  accounts: 27,
  hands: [{ room: "#math", called: "Rina", raised: ["Doni", "Tari", "Wawan", "", ""] }],
  work: [
    { room: "essay", handedIn: 7, of: 11, late: 2 },
    { room: "map", handedIn: 3, of: 27, late: 0 },
  ],
  transfers: [
    { name: "photos.zip", percent: 64, user: "Doni" },
    { name: undefined, percent: 3, user: "Eko" },
  ],
  transferCount: 2,
};

export const EMPTY = firstBoard({ verbose: false, quiet: false });
export const BEGUN: BoardState = { ...EMPTY, people: ["ayu", "budi", "citra"] };

export function row(text: string, fields: Partial<NewRow> = {}): NewRow {
  return { unixMs: NOW, kind: "message", label: "#math", from: "Rina", text, ...fields };
}

/** State after the inputs, and all their effects. */
export function run(
  state: BoardState,
  inputs: readonly (BoardInput | string)[],
  { facts = LESSON, now = 1_000, page = 5 } = {},
) {
  const effects = [];
  let time = now;
  for (const one of inputs) {
    const input =
      typeof one === "string" ? ({ kind: "key", key: { name: one, text: one } } as const) : one;
    const result = updateBoard(state, input, { facts, now: time, page });
    state = result.state;
    effects.push(...result.effects);
    time += 500;
  }
  return { state, effects };
}

export function added(state: BoardState, ...rows: readonly NewRow[]): BoardState {
  const input = { kind: "rows", rows, erased: new Set<number>() } as const;
  return run(state, [{ ...input, privateCount: 0, encryptedCount: 0 }]).state;
}

export function props(state: BoardState, facts = LESSON, columns = 80, rows = 24): BoardProps {
  return { state, facts, size: { columns, rows }, nowUnixMs: NOW, offsetMinutes: () => 0 };
}

export function textOf({ lines }: BoardFrame): string[] {
  return lines.map(({ code = "", spans }) =>
    (code + spans.map(({ text }) => text).join("")).trimEnd(),
  );
}
