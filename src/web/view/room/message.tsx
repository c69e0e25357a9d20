/** Rows of the timeline: messages, room events and pending posts. */

import {
  type FocusEvent,
  memo,
  type PointerEvent,
  type RefObject,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { cleanText } from "../../../base/text.ts";
import { formatUtc } from "../../../base/time.ts";
import { firstItem, type Row } from "../../../core/model/rows.ts";
import { listsFiles } from "../../../core/model/selectors.ts";
import type { Item, PendingPost } from "../../../core/model/state.ts";
import { knownStamp } from "../../../core/rooms/stamps.ts";
import {
  authorText,
  deletedText,
  eventText,
  goneText,
  hasSum,
  MEMBERSHIP_EVENTS_SHOWN_MAX,
  quotedText,
} from "../../../ui/text/event-text.ts";
import { faultText, refusalText } from "../../../ui/text/fault-text.ts";
import { briefNames, personText } from "../../../ui/text/person-text.ts";
import { waitingText } from "../../../ui/text/waiting-text.ts";
import { isKnownKind } from "../../../wire/kinds.ts";
import { formatRoute } from "../../input/route.ts";
import { ReadersLine } from "../attention/readers.tsx";
import { EmojiButton } from "../emoji/button.tsx";
import { FileList } from "../files/files.tsx";
import { Button } from "../shell/button.tsx";
import { useModelValue, useOnline, usePage, useTexts } from "../shell/context.tsx";
import { listen } from "../shell/effects.ts";
import { Icon, IconButton, type IconName } from "../shell/icons.tsx";
import { inkOf } from "../shell/ink.ts";
import { MenuButton } from "../shell/menu.tsx";
import { Foldable } from "../text/fold.tsx";
import {
  chooseReaction,
  type MessageActions,
  messageItems,
  QUICK_SIGNS,
  THUMB,
} from "./message-actions.ts";
import { messageLabel, pendingLabel, waitingLabel } from "./message-label.ts";
import {
  AccountName,
  Avatar,
  CardContext,
  FACES_MAX,
  Faces,
  Marks,
  useAuthor,
  useNames,
  usePerson,
  useShownName,
} from "./person.tsx";
import { Poll } from "./poll.tsx";
import { PlainLine, RichText } from "./rich-text.tsx";
import { Stamped } from "./stamp.tsx";
import { type SentFile, SentFiles, WaitingState } from "./waiting.tsx";

type ItemRow = Extract<Row, { kind: "item" }>;
type PendingRow = Extract<Row, { kind: "pending" }>;
type WaitingRow = Extract<Row, { kind: "waiting" }>;

const QUOTE_LENGTH = 120;
const NOBODY: readonly string[] = [];

interface QuoteProps {
  readonly row: ItemRow | PendingRow | WaitingRow;
  readonly actions: MessageActions;
}

function Quote({ row, actions }: QuoteProps) {
  const texts = useTexts();
  const { re, answers } = row;
  const author = useModelValue((model) => answers && authorText(answers, texts, model)) ?? "";
  const person = usePerson(answers?.from ?? "");
  if (re === undefined) return null;
  const quote = answers === undefined ? "" : quotedText(answers, QUOTE_LENGTH);
  return (
    <button
      type="button"
      className="quote"
      style={answers === undefined ? undefined : inkOf(person)}
      tabIndex={-1}
      title={texts.goToOriginal}
      onClick={() => actions.goTo(re)}
    >
      {answers === undefined ? (
        texts.repliedToEarlier
      ) : (
        <>
          <span className="quote-name" dir="auto">
            {author}
          </span>{" "}
          <span dir="auto">
            {answers.state === "erased" ? goneText(answers, texts) : <PlainLine text={quote} />}
          </span>
        </>
      )}
    </button>
  );
}

function Reactions({ item, actions }: { readonly item: Item; readonly actions: MessageActions }) {
  const { texts } = usePage();
  const shownNames = useNames();
  if (item.reactions.length === 0) return null;
  return (
    <div className="reactions">
      {item.reactions.map(({ sign, by, mine }) => {
        const safeSign = cleanText(sign);
        const names = briefNames(by, shownNames, texts);
        return (
          <button
            key={sign}
            type="button"
            className="reaction"
            tabIndex={-1}
            aria-pressed={mine.length > 0}
            disabled={mine.length === 0 && !actions.rights.mayReact}
            aria-label={texts.reacted(safeSign, by.length, names)}
            title={names}
            onClick={() => actions.react(item, sign)}
          >
            <Faces names={by.slice(0, FACES_MAX)} />
            <span dir="auto">{safeSign}</span>
            {by.length > FACES_MAX ? <span>+{by.length - FACES_MAX}</span> : null}
          </button>
        );
      })}
    </div>
  );
}

function RepliesButton({ row, actions }: Omit<MessageProps, "isJumpTarget">) {
  const { texts, times } = usePage();
  const { item, replies, hasUnreadReplies } = row;
  if (replies === undefined) return null;
  return (
    <button
      type="button"
      className="thread-link"
      tabIndex={-1}
      title={texts.openThread}
      onClick={() => actions.openThread(item.seq)}
    >
      <Faces names={replies.by} />
      <b>
        {texts.replies(replies.count)}
        {hasUnreadReplies ? ` · ${texts.newReplies}` : ""}
      </b>
      {texts.lastReply(times.brief(replies.lastUnixMs))}
    </button>
  );
}

interface ToolsProps {
  readonly item: Item;
  readonly actions: MessageActions;
  readonly showsTime: boolean;
}

function isMine({ reactions }: Item, sign: string): boolean {
  return reactions.some((reaction) => reaction.sign === sign && reaction.mine.length > 0);
}

/** Author, content and time of the message that a sheet is about. */
function Subject({ item }: { readonly item: Item }) {
  const { times } = usePage();
  const author = useAuthor(item);
  const person = usePerson(item.from ?? "");
  const about = quotedText(item, QUOTE_LENGTH);
  return (
    <>
      <Avatar name={author} user={item.from} tint={person.tint} />
      <span>
        <span className="menu-title" style={inkOf(person)} dir="auto">
          {author}
        </span>
        <span className="menu-about" dir="auto">
          {about === "" ? "" : <PlainLine text={about} />}
          {` · ${times.clock(item.timeUnixMs)}`}
        </span>
      </span>
    </>
  );
}

function ReactButtons({ item, actions }: Pick<ToolsProps, "item" | "actions">) {
  const { texts } = usePage();
  return (
    <>
      <button
        type="button"
        className="icon-button"
        aria-label={texts.reactWith(THUMB)}
        aria-pressed={isMine(item, THUMB)}
        title={texts.reactWith(THUMB)}
        onClick={() => actions.react(item, THUMB)}
      >
        {THUMB}
      </button>
      <EmojiButton
        className="tools-emoji"
        label={texts.react}
        onChoose={(sign) => actions.react(item, sign)}
      />
    </>
  );
}

function Tools({ item, actions, showsTime }: ToolsProps) {
  const page = usePage();
  const { texts, times } = page;
  const { mayPost, mayReact } = actions.rights;
  const author = useAuthor(item);
  return (
    <div className="tools">
      {showsTime ? (
        <time title={times.full(item.timeUnixMs)}>{times.clock(item.timeUnixMs)}</time>
      ) : null}
      {mayReact ? <ReactButtons item={item} actions={actions} /> : null}
      {mayPost ? (
        <IconButton icon="reply" label={texts.reply} onPress={() => actions.reply(item)} />
      ) : null}
      <MenuButton
        className="tools-more"
        label={texts.moreActions(author)}
        items={() => messageItems(page, item, actions)}
        head={<Subject item={item} />}
        top={(leave) =>
          mayReact ? (
            // biome-ignore lint/a11y/useSemanticElements: menus may contain groups but no fieldsets
            <div className="signs" role="group" aria-label={texts.react}>
              {QUICK_SIGNS.map((sign) => (
                <button
                  key={sign}
                  type="button"
                  role="menuitem"
                  aria-label={texts.reactWith(sign)}
                  className={isMine(item, sign) ? "is-on" : ""}
                  onClick={() => {
                    leave();
                    actions.react(item, sign);
                  }}
                >
                  {sign}
                </button>
              ))}
              <button
                type="button"
                role="menuitem"
                aria-label={texts.addReaction}
                onClick={() => {
                  leave();
                  chooseReaction(page, item, actions);
                }}
              >
                <Icon name="react" />
              </button>
            </div>
          ) : null
        }
      />
    </div>
  );
}

function NoticeMark({ item }: { readonly item: Item }) {
  const { texts } = usePage();
  return item.isNotice === true ? (
    <bdi className="mark" translate="no">
      {" "}
      ({texts.notice})
    </bdi>
  ) : null;
}

/** 0 is a valid time. */
function EditedMark({ unixMs }: { readonly unixMs: number | undefined }) {
  const { texts, times } = usePage();
  return unixMs === undefined ? null : (
    // Isolates the mark, which uses the text direction of the page.
    <bdi className="mark" translate="no" title={texts.editedAt(times.full(unixMs))}>
      {" "}
      ({texts.edited})
    </bdi>
  );
}

function MessageText({
  item,
  actions,
  isJumpTarget,
}: Omit<MessageProps, "row"> & { readonly item: Item }) {
  return (
    <Foldable
      id={item.seq}
      text={item.text}
      unfolded={actions.unfolded}
      isJumpTarget={isJumpTarget}
    >
      {(text) => (
        <RichText text={text} mentions={item.mentions}>
          <NoticeMark item={item} />
          <EditedMark unixMs={item.editedUnixMs} />
        </RichText>
      )}
    </Foldable>
  );
}

function FilesAndText({ row, actions, isJumpTarget }: MessageProps) {
  const { item } = row;
  return (
    <>
      <FileList item={item} target={actions.target} />
      {item.text === "" ? null : (
        <MessageText item={item} actions={actions} isJumpTarget={isJumpTarget} />
      )}
    </>
  );
}

function Content({ row, actions, isJumpTarget }: MessageProps) {
  const { texts, chat } = usePage();
  const { item } = row;
  if (listsFiles(item) || item.erasedFiles !== undefined)
    return <FilesAndText row={row} actions={actions} isJumpTarget={isJumpTarget} />;
  if (item.state === "erased")
    return <p className="gone">{deletedText(item, texts, chat.model)}</p>;
  if (item.state === "damaged") return <p className="gone">{texts.damaged}</p>;
  if (item.poll !== undefined)
    return <Poll item={item} poll={item.poll} mayVote={actions.rights.mayAct} />;
  const stamp = knownStamp(item.stamp);
  if (stamp !== undefined) return <Stamped stamp={stamp} word={item.text} from={item.from ?? ""} />;
  return <MessageText item={item} actions={actions} isJumpTarget={isJumpTarget} />;
}

interface AuthorProps {
  readonly from: string;
  /** `undefined` if the server is the author. */
  readonly user: string | undefined;
  /** Origin of an imported message, whose author's name may be that of another person here. */
  readonly note: string | undefined;
  readonly hasNewKey?: boolean | undefined;
}

function Author({ from, user, note, hasNewKey }: AuthorProps) {
  const texts = useTexts();
  const openCard = useContext(CardContext);
  const person = usePerson(from);
  const isLocal = note === undefined && user !== undefined;
  const displayName = useShownName(from);
  const shown = isLocal ? displayName : from;
  const name = (
    <>
      <Avatar name={shown} user={isLocal ? user : undefined} tint={person.tint} />
      <strong className="author" style={inkOf(person)} title={note} dir="auto">
        {shown}
      </strong>
    </>
  );
  if (!isLocal) return name;
  return (
    <>
      <button
        type="button"
        className="author-button"
        tabIndex={-1}
        title={texts.showProfile(shown)}
        onClick={() => openCard(user)}
      >
        {name}
      </button>
      <AccountName user={from} />
      <span className="marks" style={inkOf(person)}>
        <Marks person={person} />
      </span>
      {hasNewKey === true ? (
        <span className="role" title={texts.keyChanged(shown)}>
          {texts.newKey}
        </span>
      ) : null}
    </>
  );
}

interface HeadProps extends AuthorProps {
  readonly unixMs: number;
}

function Head({ unixMs, ...author }: HeadProps) {
  const { note } = author;
  const { times } = usePage();
  return (
    <div className="message-head">
      <Author {...author} />
      <time dateTime={formatUtc(unixMs)} title={times.full(unixMs)}>
        {times.clock(unixMs)}
      </time>
      {note === undefined ? null : <span className="mark">{note}</span>}
    </div>
  );
}

/** Time and state of an own message in a narrow conversation, where it has no head. */
function Slip({ unixMs, icon }: { readonly unixMs: number; readonly icon: IconName }) {
  const { times } = usePage();
  return (
    <span className="slip" aria-hidden="true">
      <time>{times.clock(unixMs)}</time>
      <Icon name={icon} />
    </span>
  );
}

/** Focuses a touched message, because touch has no hover and some browsers set no focus. */
function focusTouched(event: PointerEvent<HTMLElement>): void {
  const { currentTarget, target, pointerType } = event;
  // Ignores touches in the message's menu, which keeps the focus.
  if (pointerType !== "touch" || !(target instanceof Node && currentTarget.contains(target)))
    return;
  if (currentTarget.contains(document.activeElement)) return;
  currentTarget.focus({ preventScroll: true });
}

/**
 * The message's menu and dialogs belong to the message, although they are elsewhere in the
 * document.
 */
function belongsTo(article: HTMLElement | null, target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false;
  return (
    article?.contains(target) === true || target.closest(".menu, .menu-shade, dialog") !== null
  );
}

function useLeaveDetection(
  isActive: boolean,
  events: string,
  article: RefObject<HTMLElement | null>,
  set: (isActive: boolean) => void,
): void {
  useEffect(() => {
    if (!isActive) return;
    const onEvent = ({ target }: Event) => {
      if (!belongsTo(article.current, target)) set(false);
    };
    return listen(document, events, onEvent);
  }, [isActive, events, article, set]);
}

export interface MessageProps {
  readonly row: ItemRow;
  readonly actions: MessageActions;
  readonly isJumpTarget: boolean;
}

export const MessageRow = memo(function MessageRow({ row, actions, isJumpTarget }: MessageProps) {
  const { texts, times } = usePage();
  const [isHovered, setHovered] = useState(false);
  const [isFocused, setFocused] = useState(false);
  const { item, isGrouped } = row;
  const from = authorText(item, texts);
  const importer = useShownName(item.from ?? "");
  const { imported } = item;
  const note =
    imported === undefined
      ? undefined
      : texts.importedBy(importer, times.full(imported.timeUnixMs));
  const { hasNewKey } = item;
  const author = { from, user: item.from, note, hasNewKey };
  const isAction = item.kind === "action";
  const names = useNames();
  const label = useMemo(() => messageLabel(row, texts, times, names), [row, texts, times, names]);
  const classes = [
    "row message",
    isGrouped ? "is-grouped" : "",
    item.isMine ? "is-own" : "",
    item.mentionsMe ? "is-calling" : "",
    isAction ? "is-action" : "",
    isJumpTarget ? "is-shown" : "",
  ];
  const content = <Content row={row} actions={actions} isJumpTarget={isJumpTarget} />;
  const article = useRef<HTMLElement>(null);
  const leave = ({ currentTarget, relatedTarget }: FocusEvent<HTMLElement>) => {
    if (belongsTo(article.current, relatedTarget)) return;
    delete currentTarget.dataset["touched"];
    setFocused(false);
  };
  // An element that is removed with the focus or pointer, such as a menu button, fires no event.
  useLeaveDetection(isFocused, "focusin pointerdown", article, setFocused);
  useLeaveDetection(isHovered, "pointerover", article, setHovered);
  return (
    <article
      ref={article}
      className={classes.join(" ")}
      data-seq={item.seq}
      tabIndex={-1}
      aria-label={label}
      onPointerEnter={(event) => setHovered(event.pointerType !== "touch")}
      onPointerLeave={() => setHovered(false)}
      onPointerUp={focusTouched}
      onFocus={() => setFocused(true)}
      onBlur={leave}
    >
      {isGrouped || isAction ? null : <Head {...author} unixMs={item.timeUnixMs} />}
      <div className="slip-paper">
        <Quote row={row} actions={actions} />
        {isAction ? (
          <div className="action-line">
            <Author {...author} /> {content} <time>{times.clock(item.timeUnixMs)}</time>
          </div>
        ) : (
          <>
            {item.isMine ? <Slip unixMs={item.timeUnixMs} icon="check" /> : null}
            {content}
          </>
        )}
      </div>
      {row.isPinned ? (
        <p className="pinned mark">
          <Icon name="pin" /> {texts.pinned}
        </p>
      ) : null}
      <Reactions item={item} actions={actions} />
      <RepliesButton row={row} actions={actions} />
      {actions.receiptSeq === item.seq ? (
        <div className="readers">
          <ReadersLine key={item.seq} seq={item.seq} />
        </div>
      ) : null}
      {(isHovered || isFocused) && item.state === "whole" ? (
        <Tools item={item} actions={actions} showsTime={isGrouped && !isAction} />
      ) : null}
    </article>
  );
});

export const EventText = memo(function EventRow({ row, actions, isJumpTarget }: MessageProps) {
  const { texts, times } = usePage();
  const { item, earlier } = row;
  const { target, unfolded } = actions;
  const { seq } = firstItem(row);
  const [isOpen, setOpen] = useState(() => unfolded.has(seq));
  const names = useNames();
  const nameOf = (account: string) => personText(names, account);
  const all = eventText(item, texts, times, { earlier, nameOf });
  const folded = eventText(item, texts, times, { earlier, nameOf, isFolded: true });
  const isSum = earlier.length > 0 && hasSum(item);
  const text = isOpen ? all : folded;
  const toggle = () => {
    unfolded.set(seq, !isOpen);
    setOpen(!isOpen);
  };
  const { timeUnixMs } = isSum ? item : firstItem(row);
  const [first, last] = [times.clock(timeUnixMs), times.clock(item.timeUnixMs)];
  return (
    // biome-ignore lint/a11y/useSemanticElements: not a form
    <p
      className={isJumpTarget ? "row said is-shown" : "row said"}
      data-seq={item.seq}
      tabIndex={-1}
      role="group"
      aria-label={`${text}, ${first}`}
    >
      <time dateTime={formatUtc(timeUnixMs)}>{first}</time>
      {last === first ? null : <time dateTime={formatUtc(item.timeUnixMs)}>–{last}</time>}{" "}
      <span>
        {item.kind === "pin" && item.on !== false && item.re !== undefined ? (
          <a href={formatRoute({ target, seq: item.re })}>{text}</a>
        ) : (
          text
        )}
      </span>
      {isKnownKind(item.kind) ? null : (
        <button type="button" className="fold-link" onClick={() => location.reload()}>
          {texts.reloadToShow}
        </button>
      )}
      {all === folded && !isSum ? null : (
        <button type="button" className="fold-link" aria-expanded={isOpen} onClick={toggle}>
          {isOpen ? texts.showLess : texts.showAll}
        </button>
      )}
      {isSum && isOpen ? <SummedEvents events={[...earlier, item]} nameOf={nameOf} /> : null}
    </p>
  );
});

function SummedEvents({
  events,
  nameOf,
}: {
  readonly events: readonly Item[];
  readonly nameOf: (account: string) => string;
}) {
  const { texts, times } = usePage();
  const hidden = events.length - MEMBERSHIP_EVENTS_SHOWN_MAX;
  return (
    <>
      {events.slice(0, MEMBERSHIP_EVENTS_SHOWN_MAX).map((event) => (
        <span key={event.seq} className="said-event">
          <time dateTime={formatUtc(event.timeUnixMs)}>{times.full(event.timeUnixMs)}</time>{" "}
          {eventText(event, texts, times, { nameOf })}
        </span>
      ))}
      {hidden > 0 ? <span className="said-event">{texts.moreEvents(hidden)}</span> : null}
    </>
  );
}

export interface PendingProps {
  readonly row: PendingRow;
  readonly actions: MessageActions;
}

interface WaitingProps {
  readonly row: WaitingRow;
  readonly actions: MessageActions;
}

/** Files of a post, as its author named them. */
function filesOf({ body: { files = [], names = [] } }: PendingPost): readonly SentFile[] {
  return files.map(({ size }, i) => ({ name: names[i] ?? "", size, isFolder: false }));
}

function Refused({ post }: { readonly post: PendingPost }) {
  const { texts, chat } = usePage();
  if (post.state.kind !== "refused") return null;
  return (
    <div className="refused">
      <span>
        {texts.refused}: {refusalText(post.state.fault, texts)}
      </span>
      <Button variant="small" onClick={() => chat.actions.resend(post.key)}>
        {texts.resend}
      </Button>
      <Button variant="small quiet" onClick={() => chat.actions.discard(post.key)}>
        {texts.discard}
      </Button>
    </div>
  );
}

/** Own message whose files are being uploaded, or that waits for its author. */
export const Waiting = memo(function Waiting({ row, actions }: WaitingProps) {
  const { texts } = usePage();
  const { message, isGrouped } = row;
  const { key, files, text, writtenUnixMs } = message;
  const names = useNames();
  const me = actions.me ?? "";
  const name = useShownName(me);
  const isOnline = useOnline();
  const note = waitingText(message, isOnline, texts, faultText);
  return (
    <article
      className={
        isGrouped ? "row message is-own is-pending is-grouped" : "row message is-own is-pending"
      }
      tabIndex={-1}
      aria-label={waitingLabel(row, name, note ?? texts.pending, texts, names)}
    >
      {isGrouped ? null : <Head from={me} user={me} note={undefined} unixMs={writtenUnixMs} />}
      <div className="slip-paper">
        <Quote row={row} actions={actions} />
        <Slip unixMs={writtenUnixMs} icon="clock" />
        <SentFiles message={key} files={files} actions={message.actions} />
        {text === "" ? null : (
          <Foldable id={key} text={text} unfolded={actions.unfolded}>
            {(shown) => <RichText text={shown} mentions={NOBODY} />}
          </Foldable>
        )}
      </div>
      <WaitingState message={message} />
    </article>
  );
});

export const Pending = memo(function Pending({ row, actions }: PendingProps) {
  const { texts } = usePage();
  const { post, isGrouped } = row;
  const files = useMemo(() => post.files ?? filesOf(post), [post]);
  const names = useNames();
  const me = actions.me ?? "";
  const name = useShownName(me);
  const isOnline = useOnline();
  const waiting = isOnline ? texts.pending : texts.pendingOffline;
  const note = post.state.kind === "waiting" ? waiting : undefined;
  return (
    <article
      className={
        isGrouped ? "row message is-own is-pending is-grouped" : "row message is-own is-pending"
      }
      tabIndex={-1}
      aria-label={pendingLabel(row, name, note, texts, names)}
    >
      {isGrouped ? null : <Head from={me} user={me} note={undefined} unixMs={post.writtenUnixMs} />}
      <div className="slip-paper">
        <Quote row={row} actions={actions} />
        <Slip unixMs={post.writtenUnixMs} icon="clock" />
        {files.length === 0 ? null : <SentFiles message={post.body.message ?? ""} files={files} />}
        <Foldable id={post.key} text={post.body.text} unfolded={actions.unfolded}>
          {(text) => (
            <RichText text={text} mentions={post.body.mentions ?? NOBODY}>
              {note === undefined ? undefined : (
                <bdi className="mark" translate="no">
                  {" "}
                  {note}…
                </bdi>
              )}
            </RichText>
          )}
        </Foldable>
      </div>
      <Refused post={post} />
    </article>
  );
});
