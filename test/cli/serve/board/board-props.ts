import type { BoardFrame } from "../../../../src/cli/serve/board/frame.ts";
import type { BoardProps } from "../../../../src/cli/serve/board/head.ts";
import {
  type BoardFacts,
  type BoardState,
  firstBoard,
  type NewRow,
  type WallFacts,
} from "../../../../src/cli/serve/board/state.ts";
import { type BoardInput, updateBoard } from "../../../../src/cli/serve/board/update.ts";
import type { PollView } from "../../../../src/core/model/state.ts";
import { type WallView, WIDE_SCREEN, wallView } from "../../../../src/ui/wall/wall-view.ts";

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
  offlineSinceUnixMs: undefined,
  wall: undefined,
};

const NAMES = "Ayu,Budi,Citra,Dewi,Doni,Eko,Fajar,Gita,Hana,Indah".split(",");

export const LESSON: BoardFacts = {
  ...FACTS,
  here: [...NAMES, ...Array.from({ length: 13 }, (_, at) => `Pupil${at}`)],
  hereCount: 23,
  accounts: 27,
  hands: [{ room: "#math", called: "Rina", raised: ["Doni", "Tari", "Wawan", "", ""] }],
  work: [
    { room: "essay", handedIn: 7, of: 11, late: 2, newestUnixMs: NOW - MINUTE_MS },
    { room: "map", handedIn: 3, of: 27, late: 0, newestUnixMs: NOW - 120 * MINUTE_MS },
  ],
  transfers: [
    { name: "photos.zip", percent: 64, user: "Doni" },
    { name: undefined, percent: 3, user: "Eko" },
  ],
  transferCount: 2,
};

interface WallFields {
  /** People who are here. The first one is called on, and others raise their hands. */
  readonly names: readonly string[];
  readonly line?: string;
  readonly poll?: PollView | undefined;
  readonly showsNames?: boolean;
}

/** Wall with the recent work of LESSON. */
export function wallOf(fields: WallFields): WallFacts {
  return { view: lessonWall(fields), work: LESSON.work.slice(0, 1) };
}

function lessonWall({ names, line, poll, showsNames = true }: WallFields): WallView {
  const users = names.map((_, at) => `u${at}`);
  const [called, ...hands] = users;
  const displayNames = new Map(names.map((name, at) => [`u${at}`, name]));
  const room = { name: "math", members: [], isClosed: false, isSealed: false, people: undefined };
  const form = showsNames ? "first" : "none";
  return wallView({
    model: { ignored: new Set(), displayNames },
    room: { ...room, hands, called },
    wall: { scene: "lesson", names: form, ...(line === undefined ? {} : { line }) },
    poll,
    arrivals: users,
    work: undefined,
    screen: WIDE_SCREEN,
    unixMs: NOW,
  });
}

/** Poll with 11 and 7 votes, and none for further options. */
export function pollOf(options: readonly string[], more: Partial<PollView> = {}): PollView {
  return {
    question: "1/2 + 1/3 = ?",
    options: options.map((option, at) => ({
      option,
      count: more.isHidden === true ? undefined : ([11, 7][at] ?? 0),
      by: [],
      isMine: false,
    })),
    voters: 18,
    many: false,
    anonymous: false,
    hide: undefined,
    isHidden: false,
    hasVoted: false,
    untilUnixMs: undefined,
    isClosed: false,
    ...more,
  };
}

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
