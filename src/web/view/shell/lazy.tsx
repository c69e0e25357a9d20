/** Loads the parts of view/lazy-parts.tsx on demand or when idle; knows only names and props. */

import {
  Component,
  type ComponentType,
  type ContextType,
  createElement,
  type ReactNode,
  useEffect,
  useState,
} from "react";
import type { FoldedName } from "../../../base/names.ts";
import type {
  GuessDelayView,
  Item,
  Model,
  RoomState,
  TransferView,
} from "../../../core/model/state.ts";
import type { Texts } from "../../../ui/messages/en/first.ts";
import type { AllTexts } from "../../../ui/messages/en/parts.ts";
import type { Attached } from "../../transfer/attached.ts";
import { PageContext, type PageValue, useFact, usePage, type Work } from "./context.tsx";
import type { MenuItem } from "./menu.tsx";
import { isSaving } from "./saving.ts";

interface Closing {
  readonly onClose: () => void;
  /** Placeholder until it is loaded. */
  readonly frame?: ReactNode;
}

/** `onClose` of a part that is not a dialog: if loading fails, it is omitted. */
export const STAYS = () => undefined;

interface Opening extends Closing {
  readonly onOpen: (target: string) => void;
}

export type RoomsProps = Opening;

export interface JoinProps extends Opening {
  readonly room: string;
  /** The room is known to have a password. */
  readonly isLocked?: boolean;
  /** A password that was already refused. */
  readonly password?: string;
}

export interface CreateRoomProps extends Opening {
  /** Name of a room that the user tried to join and that does not exist. */
  readonly room?: string;
  readonly isSealed?: boolean;
  readonly password?: string;
}

export interface SealedProps extends Closing {
  readonly target: string;
}

export interface SafetyProps extends Closing {
  readonly user: string;
  /** Called after the users have compared numbers, or a new key is accepted. */
  readonly onChange?: () => void;
}

export interface SwitcherProps extends Opening {
  /** Only users: to start a conversation. */
  readonly isPeople?: boolean;
}

/** Navigates to a message. */
type Jump = (target: string, seq: number) => void;

export interface RoomMenuProps extends Closing {
  readonly target: string;
  /** The menu opens next to it and returns the focus to it. */
  readonly anchor: HTMLElement;
}

export interface SavedProps extends Closing {
  readonly onJump: Jump;
}

export interface TopicProps extends Closing {
  readonly room: RoomState;
}

export interface FilesProps extends Closing {
  /** Sent together by one user. */
  readonly items: readonly Item[];
  readonly target: string;
  /** Menu of a single file's message. */
  readonly menuOf: (item: Item) => MenuItem[];
}

export interface AttachmentsProps extends Closing {
  readonly files: readonly Attached[];
  readonly onRemove: (one: Attached) => void;
}

export interface SearchProps extends Closing {
  readonly open: string | undefined;
  readonly onJump: Jump;
}

export interface DashboardProps extends Closing {
  readonly model: Model;
}

export interface ResetProps extends Closing {
  readonly work: Work;
  readonly onOther: () => void;
}

export interface GuessDelayProps extends Closing {
  readonly delay: GuessDelayView;
}

export interface ModerationProps extends Closing {
  readonly act: "mute" | "kick" | "grant" | "ungrant";
  readonly user: string;
  readonly room: string;
}

export interface TransferProps extends Closing {
  readonly transfer: TransferView;
  /** Short form, shown next to the file's name. */
  readonly isBrief?: boolean;
}

export interface BadgeProps extends Closing {
  readonly calls: number;
}

export interface TypingProps extends Closing {
  readonly model: Model;
}

/** The submitted form and its error. */
export interface TriedEntry {
  readonly fault: unknown;
  readonly name: string;
  readonly password: string;
  readonly roomSecret: string;
  /** Names known to belong to others; the receiver adds to it. */
  readonly taken: Set<FoldedName>;
}

/** An error and its field. */
export interface WrongEntry {
  readonly at: "name" | "password" | "room";
  readonly text: string;
  /** Suggestion of another name. */
  readonly proposal?: ComponentType<{ readonly onTake: (name: string) => void }>;
}

export interface EmojiProps extends Closing {
  readonly title: string;
  readonly onChoose: (sign: string) => void;
}

export interface PinsProps extends Closing {
  readonly room: RoomState;
}

export interface ReadersProps extends Closing {
  readonly seq: number;
}

export interface LazyParts {
  /** English texts: other languages bring their own. */
  readonly texts: Partial<AllTexts>;
  readonly Settings: ComponentType<Closing>;
  readonly Logout: ComponentType<Closing>;
  readonly Invite: ComponentType<Closing>;
  readonly Help: ComponentType<Closing>;
  readonly Join: ComponentType<JoinProps>;
  readonly CreateRoom: ComponentType<CreateRoomProps>;
  readonly Rooms: ComponentType<Opening>;
  readonly Switcher: ComponentType<SwitcherProps>;
  readonly Topic: ComponentType<TopicProps>;
  readonly RoomMenu: ComponentType<RoomMenuProps>;
  readonly Saved: ComponentType<SavedProps>;
  readonly Ignored: ComponentType<Closing>;
  readonly Files: ComponentType<FilesProps>;
  readonly Attachments: ComponentType<AttachmentsProps>;
  readonly Search: ComponentType<SearchProps>;
  readonly Dashboard: ComponentType<DashboardProps>;
  readonly OperatorLine: ComponentType<Closing>;
  readonly OperatorPart: ComponentType<Closing>;
  readonly ProgramOffer: ComponentType<Closing>;
  readonly wrongEntry: (tried: TriedEntry, texts: Texts) => WrongEntry | undefined;
  readonly Reset: ComponentType<ResetProps>;
  readonly GuessDelay: ComponentType<GuessDelayProps>;
  readonly Moderation: ComponentType<ModerationProps>;
  readonly Transfers: ComponentType<Closing>;
  readonly Sealed: ComponentType<SealedProps>;
  readonly SealedLine: ComponentType<SealedProps>;
  readonly Safety: ComponentType<SafetyProps>;
  readonly Invitations: ComponentType<Closing>;
  readonly EmojiPicker: ComponentType<EmojiProps>;
  readonly Badge: ComponentType<BadgeProps>;
  readonly PushKeeper: ComponentType<Closing>;
  readonly PushSetting: ComponentType;
  readonly endPushes: (page: Pick<PageValue, "change">) => Promise<void>;
  readonly playSound: () => Promise<void>;
  readonly Typing: ComponentType<TypingProps>;
  readonly Board: ComponentType<Closing>;
  readonly Pins: ComponentType<PinsProps>;
  readonly Readers: ComponentType<ReadersProps>;
  readonly Receipts: ComponentType<PinsProps>;
}

/** A separate file: most users only need the recent emoji. */
export type EmojiPart = typeof import("../../../ui/text/emoji.ts");

/** Loads the parts once; after a failure the next call retries. */
export class PartsLoader<Parts> {
  readonly #load: () => Promise<Parts>;
  #parts: Parts | undefined;

  constructor(load: () => Promise<Parts>) {
    this.#load = load;
  }

  get parts(): Parts | undefined {
    return this.#parts;
  }

  async fetch(): Promise<Parts> {
    this.#parts ??= await this.#load();
    return this.#parts;
  }
}

interface BoundaryProps extends Closing {
  readonly children: ReactNode;
}

/** If a part throws while rendering, removes only that part. */
class Boundary extends Component<BoundaryProps> {
  static override readonly contextType = PageContext;
  declare context: ContextType<typeof PageContext>;
  override readonly state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override componentDidCatch(): void {
    const { fail, texts } = this.context ?? {};
    this.props.onClose();
    fail?.(texts?.notFetched);
  }

  override render(): ReactNode {
    return this.state.isBroken ? null : this.props.children;
  }
}

interface FetchedProps<Props> {
  readonly select: (parts: LazyParts) => ComponentType<Props>;
  readonly given: Props;
}

function Fetched<Props extends Closing>({ select, given }: FetchedProps<Props>) {
  const { fail, texts, lazy: loader } = usePage();
  const [parts, setParts] = useState(loader.parts);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it is opened
  useEffect(() => {
    let isOver = false;
    if (parts !== undefined) return;
    loader.fetch().then(
      (fetched) => !isOver && setParts(fetched),
      () => {
        if (isOver) return;
        given.onClose();
        fail(texts.notFetched);
      },
    );
    return () => {
      isOver = true;
    };
  }, []);
  if (parts === undefined) return given.frame ?? null;
  return createElement(select(parts), given);
}

function lazy<Props extends Closing>(select: (parts: LazyParts) => ComponentType<Props>) {
  return (props: Props) => (
    <Boundary onClose={props.onClose}>
      <Fetched select={select} given={props} />
    </Boundary>
  );
}

/** Delay in browsers without `requestIdleCallback`: after everything that the user waits for. */
const IDLE_MS = 2_000;

/** @returns a function that cancels it */
function whenIdle(begin: () => void): () => void {
  const canTell = "requestIdleCallback" in window;
  const id = canTell ? requestIdleCallback(begin) : setTimeout(begin, IDLE_MS);
  return () => {
    if (canTell) cancelIdleCallback(Number(id));
    else clearTimeout(id);
  };
}

/** Loads the parts when the browser is idle; returns whether they are loaded. */
export function useIdleParts(): boolean {
  const { lazy: loader } = usePage();
  const [isHere, setHere] = useState(loader.parts !== undefined);
  useEffect(() => {
    if (isHere || isSaving()) return;
    const show = () => setHere(true);
    return whenIdle(() => void loader.fetch().then(show, () => undefined));
  }, [isHere, loader]);
  return isHere;
}

/** Prefetches the parts once the page has caught up and the browser is idle. */
export function usePrefetch(isCaughtUp: boolean): void {
  const { lazy: loader } = usePage();
  useEffect(() => {
    if (!isCaughtUp || isSaving()) return;
    // Ignored: opening a part retries and reports the error.
    return whenIdle(() => void loader.fetch().catch(() => undefined));
  }, [isCaughtUp, loader]);
}

const Settings = lazy(({ Settings: part }) => part);
const Logout = lazy(({ Logout: part }) => part);
const Invite = lazy(({ Invite: part }) => part);
const Help = lazy(({ Help: part }) => part);
export const JoinDialog = lazy(({ Join }) => Join);
export const CreateRoomDialog = lazy(({ CreateRoom }) => CreateRoom);
export const RoomsDialog = lazy(({ Rooms }) => Rooms);
export const Switcher = lazy(({ Switcher: part }) => part);
export const TopicDialog = lazy(({ Topic }) => Topic);
export const RoomMenu = lazy(({ RoomMenu: part }) => part);
const Saved = lazy(({ Saved: part }) => part);
const Ignored = lazy(({ Ignored: part }) => part);
export const Files = lazy(({ Files: part }) => part);
export const Attachments = lazy(({ Attachments: part }) => part);
export const EmojiPicker = lazy(({ EmojiPicker: part }) => part);
export const Search = lazy(({ Search: part }) => part);
export const Dashboard = lazy(({ Dashboard: part }) => part);
export const Transfers = lazy(({ Transfers: part }) => part);
export const ResetForm = lazy(({ Reset }) => Reset);
export const SealedDialog = lazy(({ Sealed }) => Sealed);
export const SealedLine = lazy(({ SealedLine: part }) => part);
export const SafetyDialog = lazy(({ Safety }) => Safety);
export const Board = lazy(({ Board: part }) => part);
export const Invitations = lazy(({ Invitations: part }) => part);
export const Badge = lazy(({ Badge: part }) => part);
export const PinsDialog = lazy(({ Pins }) => Pins);
export const ReceiptsDialog = lazy(({ Receipts }) => Receipts);
export const Readers = lazy(({ Readers: part }) => part);
export const Typing = lazy(({ Typing: part }) => part);
export const OperatorLine = lazy(({ OperatorLine: part }) => part);
export const ProgramOffer = lazy(({ ProgramOffer: part }) => part);
export const OperatorPart = lazy(({ OperatorPart: part }) => part);
export const PushKeeper = lazy(({ PushKeeper: part }) => part);
const GuessDelay = lazy(({ GuessDelay: part }) => part);
export const ModerationDialog = lazy(({ Moderation }) => Moderation);

/** Shown next to a form with a secret: why the answer is delayed. */
export function GuessDelayLine() {
  const delay = useFact((model) => model.guessDelay);
  return delay && <GuessDelay delay={delay} onClose={STAYS} />;
}

type Render = (close: () => void) => ReactNode;

export const settingsDialog: Render = (close) => <Settings onClose={close} />;
export const logoutDialog: Render = (close) => <Logout onClose={close} />;
export const inviteDialog: Render = (close) => <Invite onClose={close} />;
export const ignoredDialog: Render = (close) => <Ignored onClose={close} />;
export const helpDialog: Render = (close) => <Help onClose={close} />;
export const savedDialog =
  (onJump: Jump): Render =>
  (close) => <Saved onClose={close} onJump={onJump} />;
