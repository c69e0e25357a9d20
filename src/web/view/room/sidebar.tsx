import { type CSSProperties, type KeyboardEvent, memo, useEffect, useRef } from "react";
import { cleanText } from "../../../base/text.ts";
import type { RoomLine, RoomLines } from "../../../core/model/selectors.ts";
import { rove } from "../../input/keys.ts";
import { usePage, useTexts } from "../shell/context.tsx";
import { Icon, IconButton } from "../shell/icons.tsx";
import { inviteDialog, JoinDialog, RoomsDialog, Switcher, settingsDialog } from "../shell/lazy.tsx";

interface LineProps {
  readonly line: RoomLine;
  readonly onOpen: (target: string) => void;
}

function isSameLine(one: LineProps, other: LineProps): boolean {
  const keys = Object.keys(one.line) as (keyof RoomLine)[];
  return one.onOpen === other.onOpen && keys.every((key) => one.line[key] === other.line[key]);
}

const Line = memo(function Line({ line, onOpen }: LineProps) {
  const texts = useTexts();
  const { target, kind, name, unread, calls, isOpen, isOnline, isIgnored, isSealed, hasDraft } =
    line;
  const classes = ["room-line", unread > 0 ? "is-unread" : "", isIgnored ? "is-ignored" : ""];
  return (
    <li>
      <button
        type="button"
        className={classes.join(" ")}
        data-target={target}
        aria-current={isOpen ? "page" : undefined}
        onClick={() => onOpen(target)}
      >
        {kind === "room" ? (
          <span className="room-sign" aria-hidden="true">
            #
          </span>
        ) : (
          <span className={isOnline === true ? "dot dot-on" : "dot"}>
            <span className="sr-only">{isOnline === true ? texts.online : texts.away}</span>
          </span>
        )}
        <span className="room-name" dir="auto" title={cleanText(name)}>
          {cleanText(name)}
        </span>
        {isSealed ? (
          <span className="room-note">
            <Icon name="lock" />
            <span className="sr-only">{texts.sealed}</span>
          </span>
        ) : null}
        {hasDraft ? <span className="room-note">{texts.hasDraft}</span> : null}
        {isIgnored ? <span className="room-note">{texts.ignoredMark}</span> : null}
        {unread > 0 && !isIgnored ? (
          <span className={calls > 0 ? "count count-calls" : "count"}>
            <span aria-hidden="true">{unread > 999 ? "999+" : unread}</span>
            <span className="sr-only">
              {texts.unread(unread)}
              {calls > 0 ? `, ${texts.mentionsOfYou(calls)}` : ""}
            </span>
          </span>
        ) : null}
      </button>
    </li>
  );
}, isSameLine);

interface LinesProps {
  readonly lines: readonly RoomLine[];
  readonly onOpen: (target: string) => void;
}

/** One list; the line that is open comes into view when it is opened from elsewhere. */
function Lines({ lines, onOpen }: LinesProps) {
  const list = useRef<HTMLUListElement>(null);
  const open = lines.find(({ isOpen }) => isOpen)?.target;
  useEffect(() => {
    if (open === undefined) return;
    list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [open]);
  return (
    <ul ref={list}>
      {lines.map((line) => (
        <Line key={line.target} line={line} onOpen={onOpen} />
      ))}
    </ul>
  );
}

/** Up and down, Home and End go through all lines of both lists. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const lines = [...event.currentTarget.querySelectorAll<HTMLElement>(".room-line")];
  const at = lines.indexOf(document.activeElement as HTMLElement);
  if (at < 0 || event.altKey) return;
  const next = rove(event.key, at, lines.length);
  if (next === undefined) return;
  event.preventDefault();
  lines[next]?.focus();
}

export interface RoomsProps {
  readonly lines: RoomLines;
  /** All of them are known: until then more come, and what stands below them would move. */
  readonly isKnown: boolean;
  readonly me: string;
  readonly isOperator: boolean;
  readonly onOpen: (target: string) => void;
  readonly onDashboard: () => void;
  readonly onSearch: () => void;
}

export function Rooms(props: RoomsProps) {
  const { lines, isKnown, me, isOperator, onOpen, onDashboard, onSearch } = props;
  const page = usePage();
  const { texts, show } = page;
  const ref = useRef<HTMLElement>(null);
  const server = page.chat.model.server;
  return (
    <>
      <div className="side-head">
        <strong className="server-name" dir="auto">
          {cleanText(server?.name ?? "")}
        </strong>
        <IconButton icon="search" label={texts.search} onPress={onSearch} />
        {isOperator ? (
          <IconButton icon="dashboard" label={texts.dashboard} onPress={onDashboard} />
        ) : null}
      </div>
      <nav className="room-lists" aria-label={texts.rooms} ref={ref} onKeyDown={moveFocus}>
        <div className="room-list">
          <div className="side-title">
            <h2>{texts.rooms}</h2>
            <IconButton
              icon="list"
              label={texts.browseRooms}
              onPress={() => show((close) => <RoomsDialog onClose={close} onOpen={onOpen} />)}
            />
            <IconButton
              icon="plus"
              label={texts.joinOrMake}
              onPress={() => show((close) => <JoinDialog onClose={close} onOpen={onOpen} />)}
            />
          </div>
          <Lines lines={lines.rooms} onOpen={onOpen} />
        </div>
        {isKnown ? (
          <div
            className="room-list room-list-people"
            // As many as there is to show, for the sheet: React sets it without an inline style.
            style={{ "--lines": lines.people.length } as CSSProperties}
          >
            <div className="side-title">
              <h2>{texts.direct}</h2>
              <IconButton
                icon="plus"
                label={texts.newDirect}
                onPress={() =>
                  show((close) => <Switcher onClose={close} onOpen={onOpen} isPeople />)
                }
              />
            </div>
            <Lines lines={lines.people} onOpen={onOpen} />
          </div>
        ) : null}
      </nav>
      <div className="side-foot">
        <button type="button" className="me-button" onClick={() => show(settingsDialog)}>
          <Icon name="gear" />
          <span className="room-name" dir="auto">
            {cleanText(me)}
          </span>
          <span className="sr-only">{texts.account}</span>
        </button>
        <IconButton icon="invite" label={texts.invite} onPress={() => show(inviteDialog)} />
      </div>
    </>
  );
}
