/** Loaders for the modules in view/lazy-module.tsx, on demand or when idle. */

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
import type { AllTexts } from "../../../ui/messages/en/deferred.ts";
import type { Texts } from "../../../ui/messages/en/first.ts";
import type { Attachment } from "../../transfer/attachments.ts";
import { PageContext, type PageValue, type Task, useModelValue, usePage } from "./context.tsx";
import { whenSettled } from "./effects.ts";
import type { MenuItem } from "./menu.tsx";
import { isSaving } from "./saving.ts";

type Jump = (target: string, seq: number) => void;

interface OpenProps {
  readonly onOpen: (target: string) => void;
}

interface RoomProps {
  readonly room: RoomState;
}

interface TargetProps {
  readonly target: string;
}

interface LazyDialogs {
  readonly Settings: object;
  readonly Logout: object;
  readonly IrcPasswords: object;
  readonly Invite: object;
  readonly Help: object;
  readonly Ignored: object;
  readonly Rooms: OpenProps;
  readonly Join: OpenProps & {
    readonly room: string;
    readonly isLocked?: boolean;
    readonly password?: string;
  };
  readonly CreateRoom: OpenProps & {
    readonly room?: string;
    readonly isSealed?: boolean;
    readonly password?: string;
  };
  readonly Switcher: OpenProps & { readonly isPeople?: boolean };
  readonly Topic: RoomProps;
  readonly Pins: RoomProps;
  readonly Receipts: RoomProps;
  readonly Saved: { readonly onJump: Jump };
  readonly Sealed: TargetProps;
  readonly Safety: {
    readonly user: string;
    readonly onChange?: () => void;
  };
  readonly Moderation: {
    readonly act: "mute" | "unmute" | "kick" | "grant" | "ungrant";
    readonly user: string;
    readonly room?: string;
  };
  readonly EmojiPicker: {
    readonly title: string;
    readonly onChoose: (sign: string) => void;
  };
}

interface CloseProps {
  readonly onClose: () => void;
}

interface LazyComponents {
  readonly RoomMenu: TargetProps & CloseProps & { readonly anchor: HTMLElement };
  readonly Files: TargetProps & {
    readonly items: readonly Item[];
    readonly menuOf: (item: Item) => MenuItem[];
  };
  readonly Attachments: {
    readonly files: readonly Attachment[];
    readonly onRemove: (attachment: Attachment) => void;
  };
  readonly Search: CloseProps & { readonly open: string | undefined; readonly onJump: Jump };
  readonly Dashboard: CloseProps;
  readonly OperatorBanner: object;
  readonly OperatorLinkNotice: object;
  readonly ProgramOffer: object;
  readonly Reset: CloseProps & { readonly task: Task; readonly onOther: () => void };
  readonly GuessDelay: { readonly delay: GuessDelayView };
  readonly Transfers: object;
  /** `onUnreadable`: called if this device can never read the room. */
  readonly SealedNotice: TargetProps & { readonly onUnreadable?: (() => void) | undefined };
  readonly Invitations: object;
  readonly Removals: object;
  readonly Badge: { readonly mentions: number };
  readonly PushKeeper: object;
  readonly PushSetting: object;
  readonly Typing: { readonly model: Model };
  readonly Notices: object;
  readonly Readers: { readonly seq: number };
}

export type LazyProps = LazyComponents & {
  readonly [Name in keyof LazyDialogs]: LazyDialogs[Name] & CloseProps;
};

export type OpenDialog = <Name extends keyof LazyDialogs>(
  name: Name,
  ...dialogProps: keyof LazyDialogs[Name] extends never ? [] : [props: LazyDialogs[Name]]
) => void;

export interface LoginAttempt {
  readonly fault: unknown;
  readonly name: string;
  readonly password: string;
  readonly roomSecret: string;
  readonly takenNames: Set<FoldedName>;
}

export interface LoginFieldError {
  readonly at: "name" | "password" | "room";
  readonly text: string;
  readonly proposal?: ComponentType<{ readonly onUse: (name: string) => void }>;
}

export type LazyModule = {
  readonly [Name in keyof LazyProps]: ComponentType<LazyProps[Name]>;
} & {
  /** Deferred English texts; other languages include all of their texts. */
  readonly texts: Partial<AllTexts>;
  readonly loginFieldError: (attempt: LoginAttempt, texts: Texts) => LoginFieldError | undefined;
  readonly disablePushes: (page: Pick<PageValue, "change">) => Promise<void>;
  readonly canNotify: (lang: string) => Promise<boolean>;
  readonly notifyFromWorker: (
    page: Pick<PageValue, "texts">,
    title: string,
    options: NotificationOptions,
  ) => Promise<void>;
  readonly playSound: () => Promise<void>;
};

/** A separate module, because most users only need recent emoji. */
export type EmojiModule = typeof import("../../../ui/text/emoji.ts");

/** Loads a module once; after a failure, the next call retries. */
export class ModuleLoader<Module> {
  readonly #load: () => Promise<Module>;
  #module: Module | undefined;

  constructor(load: () => Promise<Module>) {
    this.#load = load;
  }

  get module(): Module | undefined {
    return this.#module;
  }

  async fetch(): Promise<Module> {
    this.#module ??= await this.#load();
    return this.#module;
  }
}

interface BoundaryProps {
  readonly onClose: (() => void) | undefined;
  readonly children: ReactNode;
}

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
    fail?.(texts?.loadFailed);
  }

  override render(): ReactNode {
    return this.state.isBroken ? null : this.props.children;
  }
}

export function useLoaded<Module>(loader: ModuleLoader<Module>, onFail?: () => void) {
  const { fail, texts } = usePage();
  const [module, setModule] = useState(loader.module);
  // biome-ignore lint/correctness/useExhaustiveDependencies: loaded once, when opened
  useEffect(() => {
    if (module !== undefined) return;
    return whenSettled(loader.fetch(), setModule, () => {
      onFail?.();
      fail(texts.loadFailed);
    });
  }, []);
  return module;
}

interface LazyViewProps {
  readonly view: keyof LazyProps;
  readonly frame?: ReactNode;
}

/** The types of `LazyView` and `OpenDialog` ensure that the props match. */
function LoadedView({ view, frame, ...props }: LazyViewProps & Partial<CloseProps>) {
  const module = useLoaded(usePage().lazy, props.onClose);
  if (module === undefined) return frame ?? null;
  return createElement(module[view] as ComponentType<object>, props);
}

function BoundedView(props: LazyViewProps & Partial<CloseProps>) {
  return (
    <Boundary onClose={props.onClose}>
      <LoadedView {...props} />
    </Boundary>
  );
}

export function LazyView<Name extends keyof LazyProps>(
  props: LazyViewProps & LazyProps[Name] & { readonly view: Name },
) {
  return <BoundedView {...props} />;
}

export function dialogOpener(show: PageValue["show"]): OpenDialog {
  return (name, ...[props]) =>
    show((close) => <BoundedView view={name} {...props} onClose={close} />);
}

const IDLE_MS = 2_000;

function whenIdle(begin: () => void): () => void {
  const hasIdleCallback = "requestIdleCallback" in window;
  const id = hasIdleCallback ? requestIdleCallback(begin) : setTimeout(begin, IDLE_MS);
  return () => {
    if (hasIdleCallback) cancelIdleCallback(Number(id));
    else clearTimeout(id);
  };
}

export function useModuleWhenIdle(): boolean {
  const { lazy: loader } = usePage();
  const [isLoaded, setLoaded] = useState(loader.module !== undefined);
  useEffect(() => {
    if (isLoaded || isSaving()) return;
    const show = () => setLoaded(true);
    return whenIdle(() => void loader.fetch().then(show, () => undefined));
  }, [isLoaded, loader]);
  return isLoaded;
}

export function usePrefetch(isCaughtUp: boolean): void {
  const { lazy: loader } = usePage();
  useEffect(() => {
    if (!isCaughtUp || isSaving()) return;
    // Ignored: opening a view retries, and reports the error.
    return whenIdle(() => void loader.fetch().catch(() => undefined));
  }, [isCaughtUp, loader]);
}

export function GuessDelayNotice() {
  const delay = useModelValue((model) => model.guessDelay);
  return delay && <LazyView view="GuessDelay" delay={delay} />;
}
