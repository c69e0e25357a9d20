/** Board of `chat serve`: connects the server, the state of the board, keyboard and terminal. */

import { AssertionFailure } from "../../../base/assert.ts";
import { Fault } from "../../../base/fault.ts";
import type { RoomId, UserId } from "../../../base/ids.ts";
import { OPERATOR_LINK_MS } from "../../../base/limits-page.ts";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { formatLocalSince, MINUTE_MS } from "../../../base/time.ts";
import { defined } from "../../../base/values.ts";
import { clockText } from "../../../core/clock-check.ts";
import { erasuresOf } from "../../../core/log/erasures.ts";
import type { Account } from "../../../core/rooms/accounts.ts";
import { every } from "../../../io/clock.ts";
import { openTerminalDevice, type TerminalDevice } from "../../../io/terminal/device.ts";
import type { ObservedEvent } from "../../../server/session/event.ts";
import { TERMINAL_DEFAULTS } from "../../../ui/settings.ts";
import { type Context, faultLine } from "../../context.ts";
import { toFault } from "../../errors.ts";
import { drawQr } from "../../output/qr.ts";
import type { Key } from "../../screen/input/keys.ts";
import { Keyboard } from "../../screen/keyboard.ts";
import { TerminalScreen } from "../../screen/terminal/screen.ts";
import { depthOf, Palette } from "../../screen/view/palette.ts";
import { joinAddresses, joinText } from "../join-info.ts";
import type { BoardStart, FaultSubject, ServerBoard } from "../server-board.ts";
import {
  CountedWork,
  connectedPeople,
  handsIn,
  namesHere,
  SharedFirstNames,
  transfersIn,
  workIn,
} from "./facts.ts";
import { boardFrame, pageRows } from "./frame.ts";
import type { BoardProps } from "./head.ts";
import { divertedOutput } from "./output.ts";
import { boardText, eventRow, type RowsOptions, recordRow } from "./rows.ts";
import {
  type BoardFacts,
  type BoardState,
  firstBoard,
  isFirstMinute,
  type NewRow,
  type WallFacts,
} from "./state.ts";
import { type BoardEffect, type BoardInput, updateBoard } from "./update.ts";
import { wallFacts, wallWork } from "./wall-facts.ts";
import { WallPolls } from "./wall-polls.ts";

const BATCH_MS = 100;
const REFRESH_MS = 1_000;
/** Events that wait for a batch. More are counted. */
const PENDING_MAX = 5_000;
/** Rows of a batch. Nobody reads more in a tenth of a second. */
const BATCH_ROWS_MAX = 500;
/** Records that are read to count the votes of an open poll. */
const POLL_RECORDS_MAX = 200_000;
/** Notices that are printed when the board has closed. */
const LAST_NOTICES_MAX = 5;

export class Board implements ServerBoard {
  /** Context whose outputs become rows of the log. */
  readonly context: Context;
  readonly #outer: Context;
  #state: BoardState;
  #facts: BoardFacts | undefined;
  #start: BoardStart | undefined;
  #pending: ObservedEvent[] = [];
  #pendingRows: NewRow[] = [];
  #skipped = 0;
  #cancelBatch: (() => void) | undefined;
  #cancelTick: () => void = () => {};
  #isDrawing = false;
  #isActive = false;
  #hasClosed = false;
  #device: TerminalDevice | undefined;
  #terminal: TerminalScreen | undefined;
  #keyboard: Keyboard | undefined;
  #shared: SharedFirstNames | undefined;
  #polls: WallPolls | undefined;
  #work: CountedWork | undefined;
  #wallWork: CountedWork | undefined;
  readonly #lastNotices: string[] = [];
  #warning = { message: "", until: Number.NEGATIVE_INFINITY };
  #offlineSinceUnixMs: number | undefined;
  #refreshedAt = Number.NEGATIVE_INFINITY;
  readonly #palette: Palette;
  readonly #sinceUnixMs: number;
  readonly #isQuiet: boolean;

  constructor(
    context: Context,
    options: { readonly verbose: boolean; readonly quiet: boolean; readonly wall?: boolean },
    private readonly openDevice = openTerminalDevice,
  ) {
    this.#outer = context;
    this.context = {
      ...context,
      stdout: divertedOutput(context.stdout, (text) => this.#take(text)),
      stderr: divertedOutput(context.stderr, (text) => this.#take(text)),
    };
    this.#state = firstBoard(options);
    this.#isQuiet = options.quiet;
    this.#sinceUnixMs = context.clock.unixMs();
    this.#palette = new Palette(TERMINAL_DEFAULTS.theme, {}, depthOf(context.env));
  }

  event(event: ObservedEvent): void {
    if (this.#hasClosed || event.kind === "failed") return;
    if (this.#isRepeated(event)) return;
    this.#noteFault(event);
    if (event.kind === "logged-in" && isFirstMinute(this.#state)) {
      this.#update({ kind: "arrived", user: event.user });
    }
    if (event.kind === "record") {
      this.#work?.noteRecord();
      this.#wallWork?.noteRecord();
      if (this.#isQuiet) return;
    }
    if (this.#pending.length >= PENDING_MAX) this.#skipped++;
    else this.#pending.push(event);
    this.#batch();
  }

  setFault(subject: FaultSubject, text: string | undefined): void {
    const clean = text === undefined ? undefined : boardText(text);
    if (this.#state.faults.get(subject) === clean) return;
    this.#update({ kind: "fault", subject, text: clean });
  }

  start(start: BoardStart): void {
    this.#start = start;
    const { clock, stdin } = this.#outer;
    const { registry } = start.open;
    const { rooms } = start.open;
    this.#shared = new SharedFirstNames(registry);
    this.#work = new CountedWork((unixMs) => workIn(rooms, unixMs));
    this.#wallWork = new CountedWork((unixMs) => wallWork({ rooms, registry }, unixMs));
    this.#polls = new WallPolls((id) => registry.nameOf(id as UserId));
    void this.#try(() => this.#countPolls(start));
    for (const line of joinText(start.joinInfo(), this.#outer.env)) this.#addNotice(line);
    this.#device = this.openDevice(stdin, () => {});
    this.#terminal = new TerminalScreen({
      device: this.#device,
      clock,
      mouse: false,
      onResize: () => this.#draw(),
      farewell: () => this.#farewell(),
    });
    const terminal = this.#terminal;
    this.#keyboard = new Keyboard({
      context: this.#outer,
      terminal,
      onKeys: (keys) => this.#press(keys),
    });
    this.#isActive = true;
    this.#refresh();
    this.#flush();
    terminal.modes.enter();
    this.#draw();
    void this.#keyboard.read();
    this.#cancelTick = every(clock, REFRESH_MS, async () => this.#tick());
  }

  async close(): Promise<void> {
    if (this.#hasClosed) return;
    this.#hasClosed = true;
    this.#cancelBatch?.();
    this.#cancelTick();
    this.#keyboard?.end();
    await this.#terminal?.modes.close();
    this.#isActive = false;
    this.#device?.close();
  }

  #farewell(): string {
    const facts = this.#facts;
    if (facts === undefined) return "";
    const { clock, offsetMinutes } = this.#outer;
    const since = formatLocalSince(facts.sinceUnixMs, clock.unixMs(), offsetMinutes);
    const lines = [
      `${facts.name} · ${facts.addresses.page} · since ${since}`,
      ...[...this.#state.faults.values()].map((text) => `chat: ${text}`),
      ...this.#lastNotices.map((text) => `chat: ${text}`),
    ];
    return `${lines.map((line) => cleanText(line)).join("\n")}\n`;
  }

  /** @returns whether the board shows the text, which is then not printed */
  #take(text: string): boolean {
    if (this.#hasClosed && !this.#isActive) return false;
    const plain = text.replaceAll(/\x1b\[[\d;]*m/g, "").replaceAll(/\n[ \t]+/g, " ");
    for (const line of plain.split("\n")) {
      const notice = boardText(line.replace(/^chat: /, ""));
      if (notice === "") continue;
      this.#addNotice(notice);
      if (this.#isActive) this.#noteLast(notice);
    }
    return this.#isActive;
  }

  #noteLast(notice: string): void {
    this.#lastNotices.push(notice);
    if (this.#lastNotices.length > LAST_NOTICES_MAX) this.#lastNotices.shift();
  }

  #addNotice(text: string): void {
    const unixMs = this.#outer.clock.unixMs();
    const row = { unixMs, kind: "notice", label: "notice", from: undefined } as const;
    if (this.#pendingRows.length < PENDING_MAX) {
      this.#pendingRows.push({ ...row, text: boardText(text) });
    }
    this.#batch();
  }

  /** A client that repeats a refused request must not fill the log. */
  #isRepeated(event: ObservedEvent): boolean {
    if (event.kind !== "warning" && event.kind !== "full") return false;
    const { message } = event.fault;
    const now = this.#outer.clock.now();
    if (message === this.#warning.message && now < this.#warning.until) return true;
    this.#warning = { message, until: now + MINUTE_MS };
    return false;
  }

  #noteFault(event: ObservedEvent): void {
    switch (event.kind) {
      case "disk": {
        const { freeBytes, keepFreeBytes, isLow } = event;
        const [free, keep] = [formatSize(freeBytes), formatSize(keepFreeBytes)];
        const limit = `messages are refused below ${keep}. Free some, or --keep-free.`;
        return this.setFault("disk", isLow ? `Disk: ${free} free; ${limit}` : undefined);
      }
      case "majority": {
        const { fault } = event;
        return this.setFault("majority", fault && `No majority: ${faultLine(fault)}`);
      }
      case "clock": {
        const { plausible } = event.status;
        return this.setFault("clock", plausible ? undefined : `Clock: ${clockText(event.status)}`);
      }
      case "warning":
      case "full":
        return this.#noteLast(boardText(faultLine(event.fault)));
      default:
    }
  }

  #batch(): void {
    if (!this.#isActive || this.#hasClosed) return;
    this.#cancelBatch ??= this.#outer.clock.after(BATCH_MS, () => {
      this.#cancelBatch = undefined;
      this.#attempt(() => {
        this.#flush();
        // A large server would spend much time on facts that nobody reads so quickly.
        if (this.#outer.clock.now() - this.#refreshedAt >= REFRESH_MS / 2) this.#refresh();
        this.#draw();
      });
    });
  }

  #flush(): void {
    const { open } = this.#start ?? {};
    if (open === undefined) return;
    const { clock, offsetMinutes } = this.#outer;
    const options = {
      context: { clock, offsetMinutes },
      registry: open.registry,
      isQuiet: this.#isQuiet,
    };
    const events = this.#pending;
    this.#pending = [];
    const omitted = Math.max(0, events.length - BATCH_ROWS_MAX) + this.#skipped;
    this.#skipped = 0;
    const rows = this.#pendingRows;
    this.#pendingRows = [];
    const erased = new Set<number>();
    const counts = { privateCount: 0, encryptedCount: 0 };
    for (const event of events) {
      if (event.kind !== "record") continue;
      this.#polls?.note(event.record, event.room);
      if (event.record.head.kind !== "erase") continue;
      for (const seq of erasuresOf(event.record)) erased.add(seq);
    }
    for (const event of events.slice(-BATCH_ROWS_MAX)) {
      const row = rowOf(event, options);
      if (row === "private") counts.privateCount++;
      else if (row === "encrypted") counts.encryptedCount++;
      else if (row !== undefined) rows.push(row);
    }
    if (omitted > 0) {
      const unixMs = clock.unixMs();
      const text = `${omitted} events came too fast to be listed`;
      rows.unshift({ unixMs, kind: "notice", label: "omitted", from: undefined, text });
    }
    if (rows.length + erased.size + counts.privateCount + counts.encryptedCount === 0) return;
    this.#update({ kind: "rows", rows, erased, ...counts });
  }

  #refresh(): void {
    const start = this.#start;
    if (start === undefined) return;
    const { server, open, joinInfo, hasCertificateFailed } = start;
    const { rooms, registry } = open;
    const { clock } = this.#outer;
    const nowUnixMs = clock.unixMs();
    this.#refreshedAt = clock.now();
    const info = joinInfo();
    const { policy } = registry;
    const until = this.#sinceUnixMs + OPERATOR_LINK_MS;
    const isOffered = isFirstMinute(this.#state) && nowUnixMs < until && !policy.hasOperator;
    const { diskSpace } = server.console;
    const here = connectedPeople(server.peers(), registry);
    this.setFault(
      "certificate",
      hasCertificateFailed()
        ? "Certificate: the new files are invalid; the former certificate is in use. Renew them."
        : undefined,
    );
    this.#facts = {
      name: boardText(info.name),
      sinceUnixMs: this.#sinceUnixMs,
      addresses: joinAddresses(info),
      data: boardText(info.data),
      operatorUntilUnixMs: isOffered ? until : undefined,
      ...namesHere(here),
      accounts: registry.activeCount,
      hands: handsIn(rooms, registry),
      work: this.#work?.at(nowUnixMs) ?? [],
      ...transfersIn(server.console.transfers(), registry),
      freeBytes: diskSpace?.freeBytes,
      announcement: policy.announced && boardText(policy.announced.text),
      sharedFirstNames: this.#shared?.names,
      offlineSinceUnixMs: this.#offlineSince(start, nowUnixMs),
      wall: this.#state.view === "wall" ? this.#wall(start, here, nowUnixMs) : undefined,
    };
  }

  /** Without a network or a majority of the cluster, nobody reaches this server. */
  #offlineSince({ hasNetwork }: BoardStart, nowUnixMs: number): number | undefined {
    const isOffline = this.#state.faults.has("majority") || !hasNetwork();
    this.#offlineSinceUnixMs = isOffline ? (this.#offlineSinceUnixMs ?? nowUnixMs) : undefined;
    return this.#offlineSinceUnixMs;
  }

  #wall({ open }: BoardStart, here: readonly Account[], unixMs: number): WallFacts {
    const { rooms, registry } = open;
    const { hidesNames } = this.#state;
    const work = this.#wallWork?.at(unixMs) ?? [];
    return wallFacts({ rooms, registry, here, polls: this.#polls, work, hidesNames, unixMs });
  }

  /** Counts the votes of the newest poll that was open before the start. */
  async #countPolls({ open, records }: BoardStart): Promise<void> {
    const { rooms } = open;
    const seqs = [...rooms.withPolls()].flatMap(({ polls }) => [...polls.keys()]);
    if (seqs.length === 0) return;
    let left = POLL_RECORDS_MAX;
    for await (const record of records(Math.max(...seqs))) {
      if (this.#hasClosed || left-- === 0) return;
      const room = rooms.get(record.head.room as RoomId);
      if (room !== undefined) this.#polls?.note(record, room);
    }
  }

  #tick(): void {
    this.#attempt(() => {
      this.#refresh();
      this.#update({ kind: "tick" });
    });
  }

  #press(keys: readonly Key[]): void {
    for (const key of keys) this.#attempt(() => this.#update({ kind: "key", key }));
  }

  #update(input: BoardInput): void {
    const facts = this.#facts;
    if (facts === undefined && (input.kind === "key" || input.kind === "tick")) return;
    const context = {
      facts: facts ?? NO_FACTS,
      now: this.#outer.clock.now(),
      page: input.kind === "key" && facts !== undefined ? pageRows(this.#props(facts)) : 1,
    };
    const { state, effects } = updateBoard(this.#state, input, context);
    const { view, hidesNames } = this.#state;
    const needsFacts =
      state.view === "wall" && (view !== "wall" || hidesNames !== state.hidesNames);
    this.#state = state;
    if (needsFacts) this.#refresh();
    for (const effect of effects) this.#run(effect);
    this.#draw();
  }

  #run(effect: BoardEffect): void {
    switch (effect.kind) {
      case "stop":
        return this.#start?.stop();
      case "redraw":
        return this.#terminal?.redraw();
      case "suspend":
        void this.#terminal?.modes.suspend();
        return;
      case "invite":
        void this.#try(() => this.#invite(effect));
        return;
      case "announce":
        void this.#try(async () => {
          await this.#start?.server.console.announce(effect.text);
          const note = effect.text === "" ? "Announcement withdrawn" : "Announcement published";
          this.#update({ kind: "note", text: note });
        });
    }
  }

  async #invite({ uses, forMs }: Extract<BoardEffect, { kind: "invite" }>): Promise<void> {
    const start = this.#start;
    if (start === undefined) return;
    const { clock, offsetMinutes } = this.#outer;
    const now = clock.unixMs();
    const expires = now + forMs;
    const { token } = await start.server.console.invite(defined({ uses, expires }));
    const people = uses === undefined ? "anybody" : uses === 1 ? "1 person" : `${uses} people`;
    const title = `Invite for ${people}, until ${formatLocalSince(expires, now, offsetMinutes)}`;
    const addresses = joinAddresses(start.joinInfo(), token);
    this.#update({ kind: "invited", invite: { title, addresses } });
  }

  async #try(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#update({ kind: "note", text: boardText(faultLine(error)) });
    }
  }

  #props(facts: BoardFacts): BoardProps {
    const { clock, offsetMinutes } = this.#outer;
    const size = this.#terminal?.size() ?? { columns: 80, rows: 24 };
    return { state: this.#state, facts, size, nowUnixMs: clock.unixMs(), offsetMinutes };
  }

  #draw(): void {
    if (this.#isDrawing || !this.#isActive || this.#hasClosed) return;
    this.#isDrawing = true;
    queueMicrotask(() => {
      this.#isDrawing = false;
      this.#attempt(() => this.#drawNow());
    });
  }

  #drawNow(): void {
    const facts = this.#facts;
    if (facts === undefined || this.#hasClosed) return;
    const isColored = depthOf(this.#outer.env) !== "none";
    const { lines, cursor } = boardFrame(this.#props(facts), (text, columns, isLarge) =>
      drawQr(text, columns, isColored, isLarge),
    );
    this.#terminal?.show({
      lines: lines.map(({ code = "", spans }) => code + this.#palette.ansiOf(spans)),
      cursor,
      title: facts.name,
    });
  }

  /** A text that the board cannot show must not end the server. */
  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (error instanceof AssertionFailure) throw error;
      const text = cleanText(`The board cannot be drawn: ${toFault(error).message}`);
      this.#terminal?.show({ lines: [text], cursor: undefined, title: "chat" });
    }
  }
}

function rowOf(event: ObservedEvent, options: RowsOptions): ReturnType<typeof recordRow> {
  if (event.kind === "record") return recordRow(event.record, event.room, options);
  return eventRow(event, options);
}

const NO_FACTS: BoardFacts = {
  name: "",
  sinceUnixMs: 0,
  addresses: {
    page: "",
    password: undefined,
    command: undefined,
    inviteCommand: undefined,
    link: undefined,
    operatorLink: "",
    others: [],
  },
  data: "",
  operatorUntilUnixMs: undefined,
  here: [],
  hereCount: 0,
  accounts: 0,
  hands: [],
  work: [],
  transfers: [],
  transferCount: 0,
  freeBytes: undefined,
  announcement: undefined,
  sharedFirstNames: undefined,
  offlineSinceUnixMs: undefined,
  wall: undefined,
};
