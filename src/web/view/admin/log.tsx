/** Dashboard tab: the live log of events, and older moderation decisions. */

import { memo, useEffect, useRef, useState } from "react";
import { ignoreFault } from "../../../base/fault.ts";
import { SAVED_BLOB_KEEP_MS, USER_SCROLL_MS } from "../../../base/limits-page.ts";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import {
  dateOf,
  formatUtc,
  type LocalInstants,
  localInstants,
  MINUTE_MS,
} from "../../../base/time.ts";
import { importOriginOf } from "../../../core/client/chat-record.ts";
import { namesOfFiles } from "../../../core/client/grep.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { offsetMinutes, withLocalTimestamps } from "../../../ui/text/times.ts";
import { isKnownKind, OPEN_MESSAGE_KINDS } from "../../../wire/kinds.ts";
import type { Answer, NoticeOf } from "../../../wire/messages.ts";
import { parseObject } from "../../../wire/record.ts";
import { downloadFrom } from "../files/download.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { FaultLine, type PageValue, useOnline, usePage, useTask } from "../shell/context.tsx";
import { confirm, deleteQuestion } from "../shell/dialog.tsx";
import { IconButton } from "../shell/icons.tsx";
import { RowList, type RowListHandle } from "../shell/row-list.tsx";
import { Chips } from "./chips.tsx";
import { exportLines } from "./log-export.ts";
import { Filter } from "./table.tsx";

type ServerEvent = Omit<NoticeOf<"event">, "kind">;

const GROUPS = ["words", "people", "files", "decisions", "warnings"] as const;
type Group = (typeof GROUPS)[number];
const GROUP_OF: Readonly<Record<string, Group>> = {
  connected: "people",
  "logged-in": "people",
  "logged-out": "people",
  disconnected: "people",
  join: "people",
  leave: "people",
  offered: "files",
  got: "files",
  withdrawn: "files",
  cancelled: "files",
  file: "files",
  decided: "decisions",
  kick: "decisions",
  mute: "decisions",
  grant: "decisions",
  erase: "decisions",
  rename: "decisions",
  close: "decisions",
  remove: "decisions",
  retention: "decisions",
  rules: "decisions",
  topic: "decisions",
  warning: "warnings",
  full: "warnings",
  disk: "warnings",
};

function eventGroup(event: string): Group {
  return Object.hasOwn(GROUP_OF, event) ? (GROUP_OF[event] ?? "words") : "words";
}

export interface LogLine {
  readonly key: number;
  readonly unixMs: number;
  readonly label: string;
  readonly text: string;
  readonly seq: number | undefined;
  readonly isWarning: boolean;
  readonly group: Group;
}

/** Enough for about one hour of a busy class. */
const LINES_MAX = 5_000;
const TRIM_LINES = 500;

function eventLabel(event: string, texts: Texts): string {
  const table: Readonly<Record<string, string>> = {
    record: texts.evRecord,
    connected: texts.evConnected,
    "logged-in": texts.evLoggedIn,
    "logged-out": texts.evLoggedOut,
    disconnected: texts.evDisconnected,
    offered: texts.evOffered,
    got: texts.evDownloaded,
    withdrawn: texts.evWithdrawn,
    cancelled: texts.evCancelled,
    disk: texts.evWarning,
    warning: texts.evWarning,
    full: texts.evFull,
  };
  return Object.hasOwn(table, event) ? (table[event] ?? event) : cleanText(event);
}

function decisionText(decision: string, texts: Texts): string {
  return texts.decision(decision) ?? cleanText(decision);
}

function toLogLine(notice: ServerEvent, key: number, { texts, times }: PageValue): LogLine {
  const { event, time, user, address, program, reason, name, sizeBytes, to, record } = notice;
  const head = (record?.head && parseObject(record.head)) ?? {};
  const body = (record?.body && parseObject(record.body)) ?? {};
  const roomName = notice.room?.name === undefined ? undefined : `#${notice.room.name}`;
  const pair = notice.between?.join(" – ");
  const kind = typeof head["kind"] === "string" ? head["kind"] : undefined;
  const names = namesOfFiles(body).join(", ");
  const content = [body["text"], body["topic"], body["react"], body["name"], names].find(
    (text): text is string => typeof text === "string" && text !== "",
  );
  const imported = importOriginOf(body);
  const summary = pair === undefined ? content : (content ?? texts.evPrivate);
  const parts = [
    user ?? record?.from,
    imported === undefined ? undefined : texts.importedAuthor(imported.from),
    roomName ?? pair,
    record === undefined ? undefined : summary,
    name,
    sizeBytes === undefined ? undefined : formatSize(sizeBytes),
    to?.join(", "),
    address,
    program,
    reason === undefined ? bodyReason(body) : withLocalTimestamps(reason, texts),
  ];
  const { decision, by, whom, until } = notice;
  if (decision !== undefined)
    parts.splice(0, 1, by, whom, until === undefined ? undefined : texts.until(times.full(until)));
  else if (by !== undefined) parts.push(texts.doneBy(by));
  const seq = typeof head["seq"] === "number" ? head["seq"] : undefined;
  const isMessage = kind !== undefined && isKnownKind(kind) && OPEN_MESSAGE_KINDS.has(kind);
  return {
    key,
    unixMs: time,
    label:
      decision !== undefined
        ? decisionText(decision, texts)
        : kind === undefined || kind === "text"
          ? eventLabel(event, texts)
          : body["on"] === false
            ? texts.evOff(cleanText(kind))
            : cleanText(kind),
    text: cleanText(parts.filter((part) => part !== undefined && part !== "").join(" · ")),
    seq: isMessage && pair === undefined ? seq : undefined,
    isWarning:
      event === "warning" ||
      event === "full" ||
      event === "disk" ||
      event === "majority" ||
      event === "clock",
    group: eventGroup(kind ?? event),
  };
}

function bodyReason({ reason }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof reason === "string" ? reason : undefined;
}

function isToday(unixMs: number): boolean {
  return dateOf(unixMs).toDateString() === dateOf(Date.now()).toDateString();
}

const Line = memo(function Line({ line }: { readonly line: LogLine }) {
  const page = usePage();
  const { texts, times, chat } = page;
  const { seq, unixMs, label: what, text, isWarning } = line;
  const erase = () =>
    confirm(
      page,
      deleteQuestion(page, () => chat.request("erase", { seq: seq ?? 0 })),
    );
  return (
    <div className={isWarning ? "log-line is-warning" : "log-line"}>
      <time dateTime={formatUtc(unixMs)}>
        {isToday(unixMs) ? times.exact(unixMs) : times.full(unixMs)}
      </time>
      <span className="log-what">{what}</span>
      <span className="log-text" dir="auto">
        {text}
      </span>
      {seq === undefined ? null : (
        <IconButton icon="erase" label={texts.deleteMessage} onPress={erase} />
      )}
    </div>
  );
});

const UNNUMBERED = 0.5;

function useEventLog(isOnline: boolean) {
  const page = usePage();
  const { chat } = page;
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [fault, setFault] = useState<unknown>(undefined);
  const latestPage = useRef(page);
  latestPage.current = page;
  const lastEvent = useRef({ since: 0, n: 0 });
  useEffect(() => {
    let pending: LogLine[] = [];
    let key = 0;
    let frame = 0;
    const show = () => {
      frame = 0;
      const added = pending;
      pending = [];
      setLines((before) => {
        const all = [...before, ...added];
        return all.length > LINES_MAX ? all.slice(all.length - LINES_MAX + TRIM_LINES) : all;
      });
    };
    const enqueue = (line: LogLine) => {
      pending.push(line);
      if (frame === 0) frame = requestAnimationFrame(show);
    };
    const addEvent = (event: ServerEvent) => {
      const { skipped, time, n } = event;
      if (n !== undefined && n <= lastEvent.current.n) return;
      if (skipped !== undefined) {
        const text = latestPage.current.texts.dashboardSkipped(skipped);
        const warning = { seq: undefined, isWarning: true, group: "warnings" } as const;
        enqueue({ key: key++ + UNNUMBERED, unixMs: time, label: "…", text, ...warning });
      }
      if (n !== undefined) lastEvent.current.n = n;
      enqueue(toLogLine(event, key++, latestPage.current));
    };
    let eventsWhileLoading: ServerEvent[] | undefined;
    const stop = chat.onEvent((event) => {
      if (event.kind !== "event") return;
      if (eventsWhileLoading === undefined) addEvent(event);
      else eventsWhileLoading.push(event);
    });
    let isStopped = false;
    const start = async () => {
      eventsWhileLoading = [];
      try {
        await chat.request("watch", { on: true });
        const history = await chat.request("events", {}).catch(ignoreFault);
        if (isStopped) return;
        if (history !== undefined && history.since !== lastEvent.current.since) {
          lastEvent.current = { since: history.since, n: 0 };
        }
        for (const event of history?.events ?? []) addEvent(event);
        setFault(undefined);
      } catch (error) {
        if (!isStopped) setFault(error);
      } finally {
        const live = eventsWhileLoading ?? [];
        eventsWhileLoading = undefined;
        if (!isStopped) for (const event of live) addEvent(event);
      }
    };
    if (isOnline) void start();
    return () => {
      isStopped = true;
      stop();
      cancelAnimationFrame(frame);
      if (pending.length > 0) show();
      // Without a link, the server has already ended the subscription.
      if (isOnline) void chat.request("watch", { on: false }).catch(ignoreFault);
    };
  }, [chat, isOnline]);
  return { lines, fault };
}

interface Earlier {
  readonly lines: readonly LogLine[];
  readonly next: Answer<"decisions">["next"] | "end" | undefined;
}

const NOTHING_EARLIER: Earlier = { lines: [], next: undefined };
const EMPTY_MAX = 50;

function useEarlier(oldest: number | undefined, { since, until }: Span) {
  const page = usePage();
  const { chat } = page;
  const [earlier, setEarlier] = useState(NOTHING_EARLIER);
  const task = useTask();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new span starts a new list
  useEffect(() => setEarlier(NOTHING_EARLIER), [since, until]);
  const key = useRef(-1);
  const load = async () => {
    let { next } = earlier;
    const upTo = Math.min(until ?? Number.MAX_SAFE_INTEGER, (oldest ?? Date.now() + 1) - 1);
    let events: Answer<"decisions">["events"] = [];
    for (
      let requests = 0;
      requests < EMPTY_MAX && events.length === 0 && next !== "end";
      requests++
    ) {
      const answer = await chat.request("decisions", { until: upTo, since, before: next });
      events = answer.events;
      next = answer.next ?? "end";
    }
    const lines = events.toReversed().map((event) => toLogLine(event, key.current--, page));
    setEarlier({ lines: [...lines.toReversed(), ...earlier.lines], next });
  };
  return { earlier, loadEarlier: () => task.run(load), task };
}

interface Span {
  readonly since: number | undefined;
  readonly until: number | undefined;
}

/** @param value local time from a field of the browser, such as `2026-11-20T05:46` */
function instantsOf(value: string): LocalInstants | undefined {
  const local = Date.parse(`${value}Z`);
  const instants = localInstants(local, offsetMinutes);
  return Number.isNaN(local) || instants.first < 0 ? undefined : instants;
}

interface TimeFieldProps {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function TimeField({ id, label, value, onChange }: TimeFieldProps) {
  return (
    <span className="log-when">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="datetime-local"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </span>
  );
}

const LOG_STICK_PX = 40;

/**
 * Reports whether the user may be scrolling. A press on the scroll bar counts until the pointer
 * moves without it, because browsers do not report its release. A finger does not move without a
 * press, but its release is reported.
 */
function useUserScroll() {
  const lastInputMs = useRef(Number.NEGATIVE_INFINITY);
  const isPressed = useRef(false);
  const onInput = () => {
    lastInputMs.current = performance.now();
  };
  const onRelease = () => {
    isPressed.current = false;
  };
  const handlers = {
    onWheel: onInput,
    onTouchMove: onInput,
    onKeyDown: onInput,
    onPointerDown: () => {
      isPressed.current = true;
    },
    onPointerUp: onRelease,
    onPointerCancel: onRelease,
    onPointerMove: ({ buttons }: { readonly buttons: number }) => {
      if (buttons === 0) onRelease();
    },
  };
  const isUserScroll = () =>
    isPressed.current || performance.now() - lastInputMs.current < USER_SCROLL_MS;
  return { handlers, isUserScroll };
}

function useAutoScroll(follows: boolean, isHidden: boolean) {
  const list = useRef<RowListHandle>(null);
  const { handlers, isUserScroll } = useUserScroll();
  const isAtBottom = useRef(true);
  const offset = useRef(0);
  const scrollsToTop = useRef(false);
  useEffect(() => {
    if (scrollsToTop.current && !isHidden) {
      scrollsToTop.current = false;
      isAtBottom.current = false;
      list.current?.scrollToRow(0, "start");
    } else if (!follows || isHidden) {
      isAtBottom.current = true;
      offset.current = 0;
    }
  });
  const onScroll = (scrollOffset: number) => {
    const { scrollSize = 0, viewportSize = 0 } = list.current ?? {};
    // Filters and measured rows also change the offset.
    if (scrollOffset < offset.current - 1 && isUserScroll()) isAtBottom.current = false;
    if (scrollSize - viewportSize - scrollOffset <= LOG_STICK_PX) isAtBottom.current = true;
    offset.current = scrollOffset;
  };
  const isFollowing = () => follows && isAtBottom.current;
  const showTop = () => {
    scrollsToTop.current = true;
  };
  return { list, onScroll, isFollowing, handlers, showTop };
}

const NO_GROUPS: ReadonlySet<Group> = new Set();

function toggled(groups: ReadonlySet<Group>, group: Group): ReadonlySet<Group> {
  const after = new Set(groups);
  if (!after.delete(group)) after.add(group);
  return after;
}

const TYPES = { jsonl: "application/x-ndjson", csv: "text/csv" } as const;

function save(format: "jsonl" | "csv", lines: readonly LogLine[]): void {
  const url = URL.createObjectURL(new Blob([exportLines(format, lines)], { type: TYPES[format] }));
  downloadFrom(url, `log.${format}`);
  setTimeout(() => URL.revokeObjectURL(url), SAVED_BLOB_KEEP_MS);
}

export function DashboardLog({ isHidden }: { readonly isHidden: boolean }) {
  const { texts } = usePage();
  const isOnline = useOnline();
  const { lines, fault } = useEventLog(isOnline);
  const [filter, setFilter] = useState("");
  const [pausedLines, setPausedLines] = useState<readonly LogLine[] | undefined>(undefined);
  const [hidden, setHidden] = useState<ReadonlySet<Group>>(NO_GROUPS);
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const since = instantsOf(from)?.first;
  const minute = instantsOf(to)?.last;
  const until = minute === undefined ? undefined : minute + MINUTE_MS - 1;
  const older = useEarlier(lines[0]?.unixMs, { since, until });
  const { earlier } = older;
  const query = filter.toLowerCase();
  const visibleLines = [...earlier.lines, ...(pausedLines ?? lines)].filter(
    ({ label: what, text, group, unixMs }) =>
      !hidden.has(group) &&
      unixMs >= (since ?? 0) &&
      unixMs <= (until ?? Number.MAX_SAFE_INTEGER) &&
      (query === "" || `${what} ${text}`.toLowerCase().includes(query)),
  );
  const { list, onScroll, isFollowing, handlers, showTop } = useAutoScroll(
    pausedLines === undefined,
    isHidden,
  );
  if (isHidden) return null;
  const loadEarlier = () => {
    showTop();
    older.loadEarlier();
  };
  return (
    <section className="dashboard-log" aria-label={texts.dashboardLog}>
      <div className="dashboard-bar">
        <Filter value={filter} onChange={setFilter} />
        <Button
          aria-pressed={pausedLines !== undefined}
          onClick={() => setPausedLines(pausedLines === undefined ? lines : undefined)}
        >
          {pausedLines === undefined ? texts.dashboardLogPause : texts.dashboardLogResume}
        </Button>
        <Button onClick={() => save("jsonl", visibleLines)}>JSONL</Button>
        <Button onClick={() => save("csv", visibleLines)}>CSV</Button>
      </div>
      <div className="dashboard-bar">
        <TimeField id="log-from" label={texts.logFrom} value={from} onChange={setFrom} />
        <TimeField id="log-to" label={texts.logTo} value={to} onChange={setTo} />
        <Button
          disabled={!isOnline || older.task.isBusy || earlier.next === "end"}
          onClick={loadEarlier}
        >
          {texts.logEarlier}
        </Button>
        <Announced kind="result" as="span" className="hint">
          {earlier.next === "end" ? texts.logEarlierEnd : ""}
        </Announced>
      </div>
      <FaultLine fault={older.task.fault} />
      <Chips
        label={texts.logKinds}
        all={GROUPS}
        isOn={(group) => !hidden.has(group)}
        name={texts.logGroup}
        onPress={(group) => setHidden(toggled(hidden, group))}
      />
      <FaultLine fault={fault} />
      {visibleLines.length === 0 ? (
        <p className="hint">{lines.length === 0 ? texts.dashboardLogEmpty : texts.foundNothing}</p>
      ) : (
        <RowList
          handle={list}
          rows={visibleLines}
          isFollowing={isFollowing}
          onScrolled={onScroll}
          {...handlers}
          className="list log"
          tabIndex={0}
          role="group"
          aria-label={texts.dashboardLog}
        >
          {(line) => <Line key={line.key} line={line} />}
        </RowList>
      )}
    </section>
  );
}
