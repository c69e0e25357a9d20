import { memo, useEffect, useRef, useState } from "react";
import { VList, type VListHandle } from "virtua";
import { utf8Decode } from "../../../base/bytes.ts";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { formatUtc } from "../../../base/time.ts";
import { importedOf } from "../../../core/client/chat-record.ts";
import type { NoticeOf } from "../../../wire/messages.ts";
import type { AllTexts } from "../../text/en-parts.ts";
import { withLocalMoments } from "../../text/times.ts";
import { FaultLine } from "../shell/context.tsx";
import { confirm } from "../shell/dialog.tsx";
import { IconButton } from "../shell/icons.tsx";
import { usePartPage } from "../shell/part-page.ts";

type Happened = NoticeOf<"event">;

export interface LogLine {
  readonly key: number;
  readonly unixMs: number;
  readonly what: string;
  readonly text: string;
  /** Of a record that could be erased. */
  readonly seq: number | undefined;
  readonly isWarning: boolean;
}

/** An hour of a busy class; the older ones are in the history. */
const LINES_MAX = 5_000;
const CUT_BY = 500;

function jsonOf(bytes: unknown): Readonly<Record<string, unknown>> {
  if (!(bytes instanceof Uint8Array)) return {};
  try {
    const value: unknown = JSON.parse(utf8Decode(bytes));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function whatOf(event: string, texts: AllTexts): string {
  const table: Readonly<Record<string, string>> = {
    record: texts.evRecord,
    connected: texts.evConnected,
    "logged-in": texts.evLoggedIn,
    "logged-out": texts.evLoggedOut,
    disconnected: texts.evDisconnected,
    offered: texts.evOffered,
    got: texts.evGot,
    withdrawn: texts.evWithdrawn,
    warning: texts.evWarning,
    full: texts.evFull,
  };
  return Object.hasOwn(table, event) ? (table[event] ?? event) : cleanText(event);
}

/** One line of the log; what two people say to each other has no words here. */
function lineOf(happened: Happened, key: number, texts: AllTexts): LogLine {
  const { event, time, user, address, program, reason, name, sizeBytes, to, record } = happened;
  const head = jsonOf(record?.head);
  const body = jsonOf(record?.body);
  const where = happened.room?.name === undefined ? undefined : `#${happened.room.name}`;
  const pair = happened.between?.join(" – ");
  const kind = typeof head["kind"] === "string" ? head["kind"] : undefined;
  const said = [body["text"], body["topic"], body["react"], body["name"]].find(
    (one): one is string => typeof one === "string" && one !== "",
  );
  const elsewhere = importedOf(body);
  const words = pair === undefined ? said : (said ?? texts.evPrivate);
  const parts = [
    user ?? record?.from,
    elsewhere === undefined ? undefined : texts.importedAuthor(elsewhere.from),
    where ?? pair,
    record === undefined ? undefined : words,
    name,
    sizeBytes === undefined ? undefined : formatSize(sizeBytes),
    to?.join(", "),
    address,
    program,
    reason === undefined ? undefined : withLocalMoments(reason, texts),
  ];
  const seq = typeof head["seq"] === "number" ? head["seq"] : undefined;
  const isWords = kind === "text" || kind === "action" || kind === "file";
  return {
    key,
    unixMs: time,
    what: kind === undefined || kind === "text" ? whatOf(event, texts) : cleanText(kind),
    text: cleanText(parts.filter((part) => part !== undefined && part !== "").join(" · ")),
    seq: isWords && pair === undefined ? seq : undefined,
    isWarning: event === "warning" || event === "full",
  };
}

const Line = memo(function Line({ line }: { readonly line: LogLine }) {
  const page = usePartPage();
  const { texts, times, chat } = page;
  const { seq, unixMs, what, text, isWarning } = line;
  const erase = () =>
    confirm(page, {
      title: texts.eraseAsk,
      text: texts.eraseExplained,
      action: texts.erase,
      isDanger: true,
      onConfirm: () => chat.request("erase", { seq: seq ?? 0 }),
    });
  return (
    <div className={isWarning ? "log-line is-warning" : "log-line"}>
      <time dateTime={formatUtc(unixMs)}>{times.exact(unixMs)}</time>
      <span className="log-what">{what}</span>
      <span className="log-text" dir="auto">
        {text}
      </span>
      {seq === undefined ? null : <IconButton icon="erase" label={texts.erase} onPress={erase} />}
    </div>
  );
});

/** Asks to be told, and keeps what comes, once a frame. */
function useHappened(isOnline: boolean) {
  const { chat, texts } = usePartPage();
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [fault, setFault] = useState<unknown>(undefined);
  const latest = useRef(texts);
  latest.current = texts;
  useEffect(() => {
    let waiting: LogLine[] = [];
    let key = 0;
    let frame = 0;
    const show = () => {
      frame = 0;
      const fresh = waiting;
      waiting = [];
      setLines((before) => {
        const all = [...before, ...fresh];
        return all.length > LINES_MAX ? all.slice(all.length - LINES_MAX + CUT_BY) : all;
      });
    };
    const put = (line: LogLine) => {
      waiting.push(line);
      if (frame === 0) frame = requestAnimationFrame(show);
    };
    const stop = chat.onTold((told) => {
      if (told.kind !== "happened") return;
      const { skipped, time } = told.event;
      if (skipped !== undefined) {
        const text = latest.current.dashboardSkipped(skipped);
        put({ key: key++, unixMs: time, what: "…", text, seq: undefined, isWarning: true });
      }
      put(lineOf(told.event, key++, latest.current));
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [chat]);
  useEffect(() => {
    if (!isOnline) return;
    chat.request("watch", { on: true }).then(() => setFault(undefined), setFault);
    return () => {
      chat.request("watch", { on: false }).catch(() => undefined); // The link is gone: so is it.
    };
  }, [chat, isOnline]);
  return { lines, fault };
}

/** Within this distance of the newest line the log follows it; further above it stays. */
const STICK_PX = 40;

function useFollowing(follows: boolean, isHidden: boolean, lines: readonly LogLine[]) {
  const list = useRef<VListHandle>(null);
  const isStuck = useRef(true);
  const offset = useRef(0);
  useEffect(() => {
    if (!follows || isHidden) {
      // The log begins at the newest line, when it is shown and after a pause.
      isStuck.current = true;
      offset.current = 0;
    } else if (isStuck.current) {
      list.current?.scrollToIndex(lines.length - 1, { align: "end" });
    }
  }, [follows, isHidden, lines]);
  const onScroll = (now: number) => {
    const { scrollSize = 0, viewportSize = 0 } = list.current ?? {};
    if (now < offset.current - 1) isStuck.current = false;
    if (scrollSize - viewportSize - now <= STICK_PX) isStuck.current = true;
    offset.current = now;
  };
  return { list, onScroll };
}

export interface DashboardLogProps {
  /** Another part is shown; it is kept meanwhile. */
  readonly isHidden: boolean;
  readonly isOnline: boolean;
}

export function DashboardLog({ isHidden, isOnline }: DashboardLogProps) {
  const { texts } = usePartPage();
  const { lines, fault } = useHappened(isOnline);
  const [filter, setFilter] = useState("");
  const [held, setHeld] = useState<readonly LogLine[] | undefined>(undefined);
  const wanted = filter.toLowerCase();
  const shown = (held ?? lines).filter(
    ({ what, text }) => wanted === "" || `${what} ${text}`.toLowerCase().includes(wanted),
  );
  const { list, onScroll } = useFollowing(held === undefined, isHidden, shown);
  if (isHidden) return null;
  return (
    <section className="dashboard-log" aria-label={texts.dashboardLog}>
      <div className="dashboard-bar">
        <label htmlFor="log-filter">{texts.dashboardFilter}</label>
        <input
          id="log-filter"
          type="search"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <button
          type="button"
          className="button"
          aria-pressed={held !== undefined}
          onClick={() => setHeld(held === undefined ? lines : undefined)}
        >
          {held === undefined ? texts.dashboardLogPause : texts.dashboardLogResume}
        </button>
      </div>
      <FaultLine fault={fault} />
      {shown.length === 0 ? (
        <p className="hint">{wanted === "" ? texts.dashboardLogEmpty : texts.foundNothing}</p>
      ) : (
        <VList
          ref={list}
          data={shown}
          onScroll={onScroll}
          className="list log"
          tabIndex={0}
          role="group"
          aria-label={texts.dashboardLog}
        >
          {(line) => <Line key={line.key} line={line} />}
        </VList>
      )}
    </section>
  );
}
