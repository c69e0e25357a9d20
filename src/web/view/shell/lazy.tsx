/** Loads the parts of view/lazy-module.tsx on demand or when idle; knows only names and props. */

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
import type { GuessDelayView, Item, Model, RoomState } from "../../../core/model/state.ts";
import type { Texts } from "../../../ui/messages/en/first.ts";
import type { AllTexts } from "../../../ui/messages/en/parts.ts";
import type { Attachment } from "../../transfer/attachments.ts";
import { PageContext, type PageValue, useFact, usePage, type Work } from "./context.tsx";
import { whenSettled } from "./effects.ts";
import type { MenuItem } from "./menu.tsx";
import { isSaving } from "./saving.ts";

/** Navigates to a message. */
type Jump = (target: string, seq: number) => void;

interface Opening {
  readonly onOpen: (target: string) => void;
}

interface OfRoom {
  readonly room: RoomState;
}

interface OfTarget {
  readonly target: string;
}

/** Props of each lazily loaded dialog, besides `onClose`. */
interface LazyDialogs {
  readonly Settings: object;
  readonly Logout: object;
  readonly Invite: object;
  readonly Help: object;
  readonly Ignored: object;
  readonly Rooms: Opening;
  readonly Join: Opening & {
    readonly room: string;
    /** The room is known to have a password. */
    readonly isLocked?: boolean;
    /** A password that was already refused. */
    readonly password?: string;
  };
  readonly CreateRoom: Opening & {
    /** Name of a room that the user tried to join and that does not exist. */
    readonly room?: string;
    readonly isSealed?: boolean;
    readonly password?: string;
  };
  /** With `isPeople`, lists only users: to start a conversation. */
  readonly Switcher: Opening & { readonly isPeople?: boolean };
  readonly Topic: OfRoom;
  readonly Pins: OfRoom;
  readonly Receipts: OfRoom;
  readonly Saved: { readonly onJump: Jump };
  readonly Sealed: OfTarget;
  readonly Safety: {
    readonly user: string;
    /** Called after the users have compared numbers, or a new key is accepted. */
    readonly onChange?: () => void;
  };
  readonly Moderation: {
    readonly act: "mute" | "unmute" | "kick" | "grant" | "ungrant";
    readonly user: string;
    /** If absent, the dialog asks for it. */
    readonly room?: string;
  };
  readonly EmojiPicker: {
    readonly title: string;
    readonly onChoose: (sign: string) => void;
  };
}

interface Closing {
  readonly onClose: () => void;
}

/** Props of each lazily loaded component that is not a dialog. */
interface LazyViews {
  /** The menu opens next to the anchor and returns the focus to it. */
  readonly RoomMenu: OfTarget & Closing & { readonly anchor: HTMLElement };
  /** Files sent together by one user; `menuOf` makes the menu of a single file's message. */
  readonly Files: OfTarget & {
    readonly items: readonly Item[];
    readonly menuOf: (item: Item) => MenuItem[];
  };
  readonly Attachments: {
    readonly files: readonly Attachment[];
    readonly onRemove: (one: Attachment) => void;
  };
  readonly Search: Closing & { readonly open: string | undefined; readonly onJump: Jump };
  readonly Dashboard: Closing;
  readonly OperatorLine: object;
  readonly OperatorPart: object;
  readonly ProgramOffer: object;
  readonly Reset: Closing & { readonly work: Work; readonly onOther: () => void };
  readonly GuessDelay: { readonly delay: GuessDelayView };
  readonly Transfers: object;
  readonly SealedLine: OfTarget;
  readonly Invitations: object;
  readonly Badge: { readonly calls: number };
  readonly PushKeeper: object;
  readonly PushSetting: object;
  readonly Typing: { readonly model: Model };
  readonly Board: object;
  readonly Readers: { readonly seq: number };
}

/** Props of each component of view/lazy-module.tsx. */
export type LazyProps = LazyViews & {
  readonly [Name in keyof LazyDialogs]: LazyDialogs[Name] & Closing;
};

/** Opens a dialog above all others. */
export type OpenDialog = <Name extends keyof LazyDialogs>(
  name: Name,
  ...given: keyof LazyDialogs[Name] extends never ? [] : [props: LazyDialogs[Name]]
) => void;

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

export type LazyParts = {
  readonly [Name in keyof LazyProps]: ComponentType<LazyProps[Name]>;
} & {
  /** English texts: other languages bring their own. */
  readonly texts: Partial<AllTexts>;
  readonly wrongEntry: (tried: TriedEntry, texts: Texts) => WrongEntry | undefined;
  readonly endPushes: (page: Pick<PageValue, "change">) => Promise<void>;
  readonly playSound: () => Promise<void>;
};

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

interface BoundaryProps {
  readonly onClose: (() => void) | undefined;
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
    this.props.onClose?.();
    fail?.(texts?.notFetched);
  }

  override render(): ReactNode {
    return this.state.isBroken ? null : this.props.children;
  }
}

/** Result of a loader, which begins when the component is first drawn. */
export function useLoaded<Parts>(loader: PartsLoader<Parts>, onFail?: () => void) {
  const { fail, texts } = usePage();
  const [parts, setParts] = useState(loader.parts);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it is opened
  useEffect(() => {
    if (parts !== undefined) return;
    return whenSettled(loader.fetch(), setParts, () => {
      onFail?.();
      fail(texts.notFetched);
    });
  }, []);
  return parts;
}

interface PartProps {
  readonly part: keyof LazyProps;
  /** Placeholder until it is loaded. */
  readonly frame?: ReactNode;
}

/** The types of `LazyPart` and `OpenDialog` ensure that the props are those of the part. */
function Fetched({ part, frame, ...given }: PartProps & Partial<Closing>) {
  const parts = useLoaded(usePage().lazy, given.onClose);
  if (parts === undefined) return frame ?? null;
  return createElement(parts[part] as ComponentType<object>, given);
}

function Bounded(props: PartProps & Partial<Closing>) {
  return (
    <Boundary onClose={props.onClose}>
      <Fetched {...props} />
    </Boundary>
  );
}

/** A component of view/lazy-module.tsx. If it cannot be loaded, it closes, or shows nothing. */
export function LazyPart<Name extends keyof LazyProps>(
  props: PartProps & LazyProps[Name] & { readonly part: Name },
) {
  return <Bounded {...props} />;
}

export function dialogOpener(show: PageValue["show"]): OpenDialog {
  return (name, ...[props]) => show((close) => <Bounded part={name} {...props} onClose={close} />);
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

/** Shown next to a form with a secret: why the answer is delayed. */
export function GuessDelayLine() {
  const delay = useFact((model) => model.guessDelay);
  return delay && <LazyPart part="GuessDelay" delay={delay} />;
}
