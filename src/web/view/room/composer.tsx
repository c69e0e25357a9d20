/** The composer: text field, drafts, completions and attached files. */

import {
  type ChangeEvent,
  type ClipboardEvent,
  type KeyboardEvent,
  memo,
  type Ref,
  type RefObject,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { utf8Encode } from "../../../base/bytes.ts";
import { boxNames } from "../../../base/names.ts";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { isSameName } from "../../../core/model/item.ts";
import { displayedLike } from "../../../core/model/people.ts";
import { isConversation } from "../../../core/model/room.ts";
import {
  draftKey,
  knownNames,
  listsFiles,
  postTarget,
  roomOf,
} from "../../../core/model/selectors.ts";
import type { ComposerDraft, Item, Model } from "../../../core/model/state.ts";
import { usageFor } from "../../../ui/command.ts";
import { COMMANDS } from "../../../ui/commands.ts";
import {
  EMPTY_DRAFT,
  endEdit,
  isEditOutdated,
  isEmptyDraft,
  startEdit,
  startReply,
  withoutReference,
} from "../../../ui/text/draft.ts";
import { authorText, goneText, quotedText } from "../../../ui/text/event-text.ts";
import { mayAttach } from "../../../ui/text/rules-text.ts";
import { placeTitle, targetTitle, withoutSign } from "../../../ui/text/target-text.ts";
import type { FilesMessage, PageClient } from "../../driver/page-client.ts";
import {
  completeInput,
  completionAt,
  enterEffect,
  type InputCompletion,
  type InputCompletionSource,
  isTypingEmoji,
} from "../../input/completion.ts";
import { composerAction } from "../../input/keys.ts";
import { isPastedText } from "../../input/pasted.ts";
import { commandSummary } from "../../input/slash.ts";
import { FieldTexts } from "../../input/text-change.ts";
import type { Attachment } from "../../transfer/attachments.ts";
import { EmojiButton } from "../emoji/button.tsx";
import { emojiModule } from "../emoji/loader.ts";
import { AttachmentList } from "../files/attachments.tsx";
import type { PendingAttachments } from "../files/read-attachments.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { useModelValue, useNarrow, usePage, useTexts } from "../shell/context.tsx";
import { confirm } from "../shell/dialog.tsx";
import { listen } from "../shell/effects.ts";
import { replaceFieldText, writeText } from "../shell/field-edit.ts";
import { Check } from "../shell/form.tsx";
import { Icon, IconButton } from "../shell/icons.tsx";
import { MenuButton, menuItem } from "../shell/menu.tsx";
import { enterSends } from "../shell/settings.ts";
import { useCaller } from "./called.tsx";
import { handItem } from "./lesson.tsx";
import { Avatar, DisplayName, Marks, usePerson, useShownName } from "./person.tsx";
import { pollItem } from "./poll.tsx";
import { PlainLine } from "./rich-text.tsx";
import { sendAfterQuestion } from "./rules.tsx";
import type { CommandOutcome } from "./slash-commands.ts";
import { canRecord, type Held, VoiceRecorder } from "./voice.tsx";

export interface ComposerHandle {
  readonly focus: () => void;
  readonly reply: (item: Item) => void;
  readonly edit: (item: Item) => void;
}

export interface ComposerProps {
  readonly target: string;
  readonly isSealed: boolean;
  readonly itemOf: (seq: number) => Item | undefined;
  readonly lastOwn: () => Item | undefined;
  readonly onCommand: (text: string, draft: ComposerDraft, isAlso: boolean) => CommandOutcome;
  readonly attached: AttachedFiles;
  /** Root of the thread to which the posts belong. */
  readonly thread?: number;
}

export interface AttachedFiles {
  readonly files: readonly Attachment[];
  /** Whether photos are sent as smaller copies. */
  readonly isSmaller: boolean;
  readonly chooseSize: (isSmaller: boolean) => void;
  /** Whether a folder is being read. */
  readonly isReading: boolean;
  readonly add: (files: readonly Attachment[]) => void;
  readonly addWhenRead: (pending: PendingAttachments) => void;
  /** @param files of an `<input webkitdirectory>` */
  readonly addFolder: (files: readonly File[]) => void;
  readonly remove: (attachment: Attachment) => void;
  /** Puts copies without metadata in the places of attached files. */
  readonly clean: (copies: ReadonlyMap<Attachment, File>) => void;
  /**
   * @param message content of the message that lists the files
   * @returns false if the message is refused; the files then stay attached
   */
  readonly send: (message: FilesMessage) => boolean;
}

function withoutHandles(files: Iterable<File>): Attachment[] {
  return [...files].map((file) => ({ file, handle: undefined }));
}

interface ComposerRef {
  readonly ref: Ref<ComposerHandle>;
}

function useDraft(
  chat: PageClient,
  target: string,
  thread: number | undefined,
  sendsTyping: boolean,
) {
  const key = draftKey(target, thread);
  const [draft, setDraft] = useState<ComposerDraft>(
    () => chat.model.drafts.get(key) ?? EMPTY_DRAFT,
  );
  const lastDraft = useRef(chat.model.drafts.get(key));
  const change = useCallback(
    (next: ComposerDraft) => {
      lastDraft.current = isEmptyDraft(next) ? undefined : next;
      setDraft(next);
      chat.actions.setDraft(key, lastDraft.current);
      if (sendsTyping && next.edits === undefined) chat.actions.reportTyping(target, next.text);
    },
    [chat, target, key, sendsTyping],
  );
  // Drafts load after the first render, and refused messages return later.
  useEffect(
    () =>
      chat.store.subscribe(() => {
        const stored = chat.model.drafts.get(key);
        if (stored === lastDraft.current) return;
        lastDraft.current = stored;
        setDraft(stored ?? EMPTY_DRAFT);
      }),
    [chat, key],
  );
  return { draft, change };
}

/** The style sheet sizes the field in browsers that can, which saves two layouts for each key. */
const IS_SIZED_BY_BROWSER = CSS.supports("field-sizing", "content");

function useHeight(field: RefObject<HTMLTextAreaElement | null>, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured after each change of the text
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null || IS_SIZED_BY_BROWSER) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [field, text]);
}

/**
 * Writes the draft into the field whenever it differs, so that undo stays usable. React's `value`
 * would set it behind the browser's back. Undo leads neither from a new message into an edit nor
 * into what has been sent.
 */
function useText(
  field: RefObject<HTMLTextAreaElement | null>,
  { text, edits }: ComposerDraft,
): FieldEvents {
  const isWriting = useRef(false);
  const known = useRef(new FieldTexts());
  const undone = useRef<EventTarget | null>(null);
  const edited = useRef(edits);
  useLayoutEffect(() => {
    const { current } = field;
    const isOther = edited.current !== edits;
    edited.current = edits;
    if (current !== null && current.value !== text) {
      isWriting.current = true;
      if (isOther || text === "") {
        known.current = new FieldTexts();
        current.value = text;
      } else writeText(current, text);
      isWriting.current = false;
    }
    known.current.note(text);
  }, [field, text, edits]);
  useEffect(() => {
    const onUndo = ({ inputType, target }: InputEvent) => {
      if (isHistory(inputType)) undone.current = target;
    };
    return listen(document, "beforeinput", onUndo, { capture: true });
  }, []);
  return {
    isIgnored(event) {
      if (isWriting.current) return true;
      const { currentTarget: field } = event;
      const { inputType = "" } = event.nativeEvent as InputEvent;
      if (!isHistory(inputType) || known.current.has(field.value)) {
        known.current.note(field.value);
        return false;
      }
      field.value = text;
      // The browser has moved the focus to this field.
      if (undone.current instanceof HTMLElement) undone.current.focus();
      return true;
    },
  };
}

interface FieldEvents {
  /** Whether an event reports no change by the user. Takes back what undo or redo may not do. */
  isIgnored(event: ChangeEvent<HTMLTextAreaElement>): boolean;
}

function isHistory(inputType: string): boolean {
  return inputType === "historyUndo" || inputType === "historyRedo";
}

interface ReferenceBarProps {
  readonly draft: ComposerDraft;
  readonly item: Item | undefined;
  readonly onDrop: () => void;
}

function ReferenceBar({ draft, item: about, onDrop }: ReferenceBarProps) {
  const { texts, chat } = usePage();
  if (draft.re === undefined && draft.edits === undefined) return null;
  const isOutdated = about !== undefined && isEditOutdated(draft, about);
  const editing = isOutdated ? texts.editedMeanwhile : texts.editing;
  const name = about === undefined ? "" : authorText(about, texts, chat.model);
  const isErased = about?.state === "erased";
  const quote = isErased
    ? goneText(about, texts)
    : about === undefined
      ? ""
      : quotedText(about, 100);
  return (
    <div className="composer-about">
      <Icon name={draft.edits === undefined ? "reply" : "edit"} />
      <span className="composer-quotes">
        <Announced kind="result" as="span">
          {draft.edits === undefined ? texts.replyingTo(name) : editing}
        </Announced>
        <span className="composer-quote" dir="auto">
          <PlainLine text={quote} />
        </span>
      </span>
      <IconButton icon="close" label={texts.cancel} onPress={onDrop} />
    </div>
  );
}

interface AddButtonProps extends Pick<ComposerProps, "attached" | "target" | "thread"> {
  readonly onRecord: () => void;
}

const CAN_CHOOSE_FOLDERS = "webkitdirectory" in HTMLInputElement.prototype;

/** Menu of what goes with a message: files, a folder, a poll or a voice message. */
function AddButton({ attached, target, thread, onRecord }: AddButtonProps) {
  const page = usePage();
  const { texts, chat } = page;
  const input = useRef<HTMLInputElement>(null);
  const choose = (accept: string, isFolder = false) => {
    const { current } = input;
    if (current === null) return;
    current.accept = accept;
    current.webkitdirectory = isFolder;
    current.click();
  };
  const items = () => {
    const room = roomOf(chat.model, target);
    const box = boxNames(postTarget(chat.model, target));
    const isOwnBox = isSameName(box?.user, chat.model.me);
    return [
      ...(isOwnBox ? [menuItem(texts.handIn, () => choose(""), "check")] : []),
      menuItem(texts.attachPhoto, () => choose("image/*,video/*"), "picture"),
      menuItem(texts.attachFile, () => choose(""), "file"),
      ...(CAN_CHOOSE_FOLDERS
        ? [menuItem(texts.attachFolder, () => choose("", true), "folder")]
        : []),
      ...(room === undefined || thread !== undefined ? [] : pollItem(page, room)),
      ...(room === undefined || thread !== undefined ? [] : handItem(page, room)),
      menuItem(texts.voiceMessage, onRecord, "mic"),
    ];
  };
  return (
    <>
      <MenuButton icon="plus" className="composer-add" label={texts.attach} items={items} isGrid />
      <input
        ref={input}
        type="file"
        multiple
        className="sr-only"
        tabIndex={-1}
        aria-hidden="true"
        onChange={(event) => {
          const { files, webkitdirectory } = event.target;
          const chosen = [...(files ?? [])];
          event.target.value = "";
          if (webkitdirectory) attached.addFolder(chosen);
          else attached.add(withoutHandles(chosen));
        }}
      />
    </>
  );
}

interface Offer {
  readonly completion: InputCompletion;
  /** -1 until the user has chosen with the arrow keys. */
  readonly at: number;
}

function useOffer() {
  const { chat, texts } = usePage();
  const [offer, setOffer] = useState<Offer | undefined>(undefined);
  /** Text of the latest change; `undefined` once the suggestions were closed. */
  const text = useRef<string>(undefined);
  const update = (newText: string, caret: number) => {
    text.current = newText;
    const { loaded: module } = emojiModule;
    const searchEmoji =
      module && ((prefix: string, max: number) => module.searchEmojiNames(prefix, max, texts.lang));
    const source = suggestionSource(chat.model, Object.keys(COMMANDS), searchEmoji);
    const completion = completionAt(newText, caret, source);
    // Enter completes a command, and a name that is not complete.
    const at = completion?.kind === "command" ? 0 : -1;
    setOffer(completion === undefined ? undefined : { completion, at });
    if (searchEmoji !== undefined || !isTypingEmoji(newText, caret)) return;
    const retry = () => text.current === newText && update(newText, caret);
    emojiModule.fetch().then(retry, () => undefined);
  };
  const close = () => {
    text.current = undefined;
    setOffer(undefined);
  };
  /** Returns `undefined` if the list does not use the key. */
  const press = (event: KeyboardEvent): string | "handled" | undefined => {
    if (offer === undefined) return undefined;
    const { completion, at } = offer;
    const { length } = completion.choices;
    switch (event.key) {
      case "ArrowDown":
        setOffer({ completion, at: (at + 1) % length });
        return "handled";
      case "ArrowUp":
        setOffer({ completion, at: at < 0 ? length - 1 : (at + length - 1) % length });
        return "handled";
      case "Tab":
        return event.shiftKey ? undefined : completion.choices[Math.max(at, 0)];
      case "Enter": {
        if (event.shiftKey || event.repeat) return undefined;
        const effect = enterEffect(text.current ?? "", completion, at, knownNames(chat.model));
        if (effect !== "select") return effect;
        setOffer({ completion, at: 0 });
        return "handled";
      }
      case "Escape":
        close();
        return "handled";
      default:
        return undefined;
    }
  };
  return { offer, update, press, close };
}

interface WritingProps extends ComposerProps {
  readonly field: RefObject<HTMLTextAreaElement | null>;
}

interface RejectedCommand {
  readonly text: string;
  readonly message: string;
}

function useWriting({ target, thread, onCommand, field, attached, itemOf }: WritingProps) {
  const page = usePage();
  const { chat, settings, texts } = page;
  const { draft, change } = useDraft(chat, target, thread, settings.typing);
  const [isAlso, setAlso] = useState(false);
  const offers = useOffer();
  const fieldEvents = useText(field, draft);
  useHeight(field, draft.text);
  const isCaption = draft.edits !== undefined && listsFiles(itemOf(draft.edits));
  const max = chat.model.server?.textBytesMax ?? Number.POSITIVE_INFINITY;
  const bytes = draft.text.length * 3 > max ? utf8Encode(draft.text).length : 0;
  const [rejection, setRejection] = useState<RejectedCommand | undefined>(undefined);
  const hasFiles = attached.files.length > 0 && draft.edits === undefined;
  const sendFiles = () => {
    const text = draft.text.trim().replace(/^\/\//, "/");
    return attached.send(chat.actions.asReply(target, { text, re: draft.re }, thread, isAlso));
  };
  const sendNow = () => {
    if (!(hasFiles ? sendFiles() : chat.actions.send(target, draft, thread, isAlso))) return;
    chat.draftSent(draftKey(target, thread), draft);
    setAlso(false);
    change(draft.edits === undefined ? EMPTY_DRAFT : endEdit(draft));
    field.current?.focus();
  };
  const send = () => {
    const item = draft.edits === undefined ? undefined : itemOf(draft.edits);
    if (item !== undefined && isEditOutdated(draft, item)) {
      return confirm(page, {
        title: texts.replaceEditAsk,
        text: item.text,
        action: texts.replaceEdit,
        onConfirm: sendNow,
      });
    }
    if (draft.edits !== undefined) return sendNow();
    sendAfterQuestion(page, target, { text: draft.text }, sendNow);
  };
  const submit = () => {
    const isEmpty = draft.text.trim() === "";
    if ((isEmpty && !hasFiles && !isCaption) || bytes > max) return;
    offers.close();
    const isPlainText = hasFiles && (isEmpty || draft.text.startsWith("//"));
    if (draft.edits !== undefined || isPlainText) return send();
    const outcome = onCommand(draft.text, draft, isAlso);
    if (outcome.kind === "text") send();
    else if (outcome.kind === "done") change(EMPTY_DRAFT);
    else setRejection({ text: draft.text, message: outcome.message });
  };
  const choose = (choice: string) => {
    const { current } = field;
    if (offers.offer === undefined || current === null) return;
    const { completion } = offers.offer;
    const { text, caret } = completeInput(current.value, completion, choice);
    const after = current.value.length - completion.to;
    current.focus();
    replaceFieldText(current, completion, text.slice(completion.from, text.length - after));
    current.setSelectionRange(caret, caret);
    offers.close();
  };
  const insert = (sign: string) => {
    const { current } = field;
    if (current === null) return;
    const { selectionStart: from, selectionEnd: to } = current;
    // Undo works only while the text field has the focus.
    current.focus();
    replaceFieldText(current, { from, to }, sign);
  };
  const clearReference = () => change(withoutReference(draft));
  const rejected = rejection?.text === draft.text ? rejection : undefined;
  return {
    draft,
    change,
    offers,
    submit,
    send,
    rejected,
    choose,
    insert,
    clearReference,
    bytes,
    max,
    isAlso,
    setAlso,
    fieldEvents,
  };
}

type Writing = ReturnType<typeof useWriting>;

function useKeys(writing: Writing, { lastOwn, field }: WritingProps) {
  const { draft, change, offers, submit, choose, clearReference } = writing;
  const sends = enterSends(usePage().settings);
  return (event: KeyboardEvent) => {
    const pressed = offers.press(event);
    if (pressed !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      return pressed === "handled" ? undefined : choose(pressed);
    }
    const before = draft.text.slice(0, field.current?.selectionStart);
    const action = composerAction(event, draft.text === "", before, sends);
    if (action === "send") submit();
    else if (action === "edit-last") {
      const item = lastOwn();
      if (item !== undefined) change(startEdit(draft, item.seq, item.text, item.editedUnixMs));
    } else if (action === "escape") {
      if (draft.re === undefined && draft.edits === undefined) return;
      clearReference();
      event.stopPropagation();
    } else if (action === undefined) return;
    event.preventDefault();
  };
}

interface TextFieldProps {
  /** Moderator who waits for the user's answer here. */
  readonly caller: string | undefined;
  readonly props: WritingProps;
  readonly writing: Writing;
}

function TextField({ props, writing, caller }: TextFieldProps) {
  const { texts, settings } = usePage();
  const { target, thread, field, attached } = props;
  const title = useModelValue((model) => placeTitle(model, target, texts));
  const { draft, change, offers, bytes, max, fieldEvents } = writing;
  const box = boxNames(target);
  const isOwnBox = useModelValue((model) => isSameName(box?.user, model.me));
  const owner = useShownName(box?.user ?? "");
  const work = useModelValue((model) => targetTitle(model, box?.room ?? ""));
  const toBox = isOwnBox ? texts.handInTo(work) : texts.commentFor(owner);
  const here = box === undefined ? texts.messageTo(withoutSign(target, title)) : toBox;
  const label = thread === undefined ? here : texts.replyInThread;
  const short = isOwnBox ? texts.handIn : texts.message;
  // A phone has room for one word.
  const plain = useNarrow() ? (thread === undefined ? short : texts.reply) : label;
  const placeholder = caller === undefined ? plain : texts.answerTo(caller);
  const onKeyDown = useKeys(writing, props);
  const { offer } = offers;
  const onChange = (event: ChangeEvent<HTMLTextAreaElement>) => {
    if (fieldEvents.isIgnored(event)) return;
    const { value, selectionStart } = event.target;
    change({ ...draft, text: value });
    offers.update(value, selectionStart);
  };
  const onPaste = (event: ClipboardEvent) => {
    const { clipboardData: data } = event;
    const files = [...data.files];
    const fileNames = files.map(({ name }) => name);
    const pasted = { text: data.getData("text/plain"), types: data.types, fileNames };
    if (files.length === 0 || isPastedText(pasted)) return;
    event.preventDefault();
    attached.add(withoutHandles(files));
  };
  return (
    <textarea
      ref={field}
      rows={1}
      dir="auto"
      enterKeyHint={enterSends(settings) ? "send" : "enter"}
      aria-label={thread === undefined ? texts.message : label}
      placeholder={placeholder}
      aria-autocomplete="list"
      aria-controls={offer === undefined ? undefined : "suggestions"}
      aria-activedescendant={
        offer === undefined || offer.at < 0 ? undefined : `suggestion-${offer.at}`
      }
      aria-invalid={bytes > max}
      onChange={onChange}
      onKeyDown={onKeyDown}
      onPaste={onPaste}
      onBlur={offers.close}
    />
  );
}

/** Starts at the press, so that the button can be held. Keys and screen readers send a click. */
function RecordButton({ onStart }: { readonly onStart: (held?: Held) => void }) {
  const texts = useTexts();
  return (
    <IconButton
      icon="mic"
      label={texts.recordVoice}
      className="mic"
      onPress={() => onStart()}
      onHold={(event) => onStart(event.nativeEvent)}
    />
  );
}

export const Composer = memo(function Composer(allProps: ComposerProps & ComposerRef) {
  const { ref, ...rest } = allProps;
  const { target, thread, isSealed, itemOf, attached } = rest;
  const texts = useTexts();
  const title = useModelValue((model) => placeTitle(model, target, texts));
  const maySendFiles = useModelValue((model) => mayAttach(model, roomOf(model, target)));
  const { chat, toasts } = usePage();
  const [isRecording, setRecording] = useState(false);
  const held = useRef<Held>(undefined);
  const startRecording = (by?: Held) => {
    held.current = by;
    if (canRecord()) setRecording(true);
    else toasts.show(texts.voiceInsecure, true);
  };
  const closeRecorder = () => {
    setRecording(false);
    field.current?.focus();
  };
  const field = useRef<HTMLTextAreaElement>(null);
  const props: WritingProps = { ...rest, field };
  const writing = useWriting(props);
  const { draft, change, offers, rejected, bytes, max } = writing;
  useImperativeHandle(ref, () => ({
    focus: () => field.current?.focus(),
    reply: (item) => {
      change(startReply(draft, item.seq));
      field.current?.focus();
    },
    edit: (item) => {
      change(startEdit(draft, item.seq, item.text, item.editedUnixMs));
      field.current?.focus();
    },
  }));
  const caller = useCaller(target);
  const referredSeq = draft.edits ?? draft.re;
  const referred = useModelValue(() =>
    referredSeq === undefined ? undefined : itemOf(referredSeq),
  );
  return (
    <form
      className="composer"
      aria-label={thread === undefined ? texts.messageTo(title) : texts.replyInThread}
      onSubmit={(event) => {
        event.preventDefault();
        writing.submit();
      }}
    >
      {offers.offer === undefined ? null : (
        <Suggestions {...offers.offer} onChoose={writing.choose} />
      )}
      {isRecording ? (
        <VoiceRecorder
          held={held.current}
          onKeep={(file) => chat.attached.add(draftKey(target, thread), withoutHandles([file]))}
          onSend={(file) => {
            const message = chat.actions.asReply(target, {}, thread, writing.isAlso);
            chat.sendVoice(target, draftKey(target, thread), file, message);
          }}
          onClose={closeRecorder}
        />
      ) : null}
      <div
        className={caller === undefined ? "composer-box" : "composer-box is-called"}
        hidden={isRecording}
      >
        <div className="composer-above">
          <ReferenceBar draft={draft} item={referred} onDrop={writing.clearReference} />
          {attached.files.length === 0 ? null : <AttachmentList attached={attached} />}
          {attached.isReading ? (
            <Announced kind="notice" className="file-note">
              {texts.readingFolder}
            </Announced>
          ) : null}
          {thread === undefined || draft.edits !== undefined ? null : (
            <Check
              label={texts.alsoInRoom(title)}
              isOn={writing.isAlso}
              onChange={writing.setAlso}
            />
          )}
        </div>
        {maySendFiles ? (
          <AddButton
            attached={attached}
            target={target}
            thread={thread}
            onRecord={() => startRecording()}
          />
        ) : null}
        <div className="composer-row">
          {isSealed ? (
            <span className="composer-lock" title={texts.sealed}>
              <Icon name="lock" />
              <span className="sr-only">{texts.sealed}</span>
            </span>
          ) : null}
          <TextField props={props} writing={writing} caller={caller} />
          <EmojiButton label={texts.emoji} onChoose={writing.insert} />
        </div>
        {maySendFiles && isEmptyDraft(draft) && attached.files.length === 0 ? (
          <RecordButton onStart={startRecording} />
        ) : (
          <button
            type="submit"
            className="icon-button send-button"
            aria-label={texts.send}
            title={texts.send}
          >
            <Icon name={draft.edits === undefined ? "send" : "check"} />
          </button>
        )}
      </div>
      {rejected === undefined ? null : (
        <div className="composer-asked">
          <Announced kind="fault" cause={rejected}>
            {rejected.message}
          </Announced>
          <Button variant="small" onClick={writing.send}>
            {texts.sendAsText}
          </Button>
        </div>
      )}
      {bytes > max ? (
        <Announced kind="fault" className="fault-line">
          {texts.tooLong(formatSize(bytes), formatSize(max))}
        </Announced>
      ) : null}
    </form>
  );
});

function suggestionSource(
  model: Model,
  commands: readonly string[],
  emoji: InputCompletionSource["emoji"],
): InputCompletionSource {
  const rooms = [...model.rooms.values()].filter((room) => !isConversation(room));
  let known: readonly string[] | undefined;
  const names = () => {
    known ??= knownNames(model);
    return known;
  };
  const namesLike = (query: string) => displayedLike(model, names(), query);
  return { names, namesLike, rooms: rooms.map(({ name }) => name), commands, emoji };
}

function SuggestedName({ name }: { readonly name: string }) {
  const person = usePerson(name);
  return (
    <>
      <Avatar name={name} user={name} tint={person.tint} />@{name} <DisplayName user={name} />{" "}
      <Marks person={person} />
    </>
  );
}

interface SuggestionsProps {
  readonly completion: InputCompletion;
  readonly at: number;
  readonly onChoose: (choice: string) => void;
}

function Suggestions({ completion, at, onChoose }: SuggestionsProps) {
  const texts = useTexts();
  return (
    <div className="suggestions" id="suggestions" role="listbox" aria-label={texts.suggestions}>
      {completion.choices.map((choice, i) => {
        const name = choice.slice(1);
        const command = completion.kind === "command" ? COMMANDS[name] : undefined;
        const label = completion.labels?.[i];
        return (
          <div
            key={`${choice} ${label}`}
            id={`suggestion-${i}`}
            role="option"
            tabIndex={-1}
            aria-selected={i === at}
            className={i === at ? "option is-at" : "option"}
            onPointerDown={(event) => {
              event.preventDefault();
              onChoose(choice);
            }}
          >
            {completion.kind === "name" ? (
              <SuggestedName name={cleanText(name)} />
            ) : command === undefined ? (
              cleanText(choice)
            ) : (
              usageFor(command, "page")
            )}{" "}
            <span className="room-note">{label ?? (command && commandSummary(name, texts))}</span>
          </div>
        );
      })}
    </div>
  );
}
