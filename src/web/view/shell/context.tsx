/** `PageContext`: values shared by all components, with hooks for the model and for requests. */

import {
  type ComponentType,
  createContext,
  type FormEvent,
  type ReactNode,
  useCallback,
  useContext,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import type { Model } from "../../../core/model/state.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import type { StartTexts } from "../../../ui/messages/en/start.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import type { Times } from "../../../ui/text/times.ts";
import type { PageClient } from "../../driver/page-client.ts";
import type { HelpStore } from "../../input/help-view.ts";
import type { Layer, Layers } from "../../input/layers.ts";
import type { Previews } from "../../transfer/previews.ts";
import { Announced } from "./announced.tsx";
import { listen } from "./effects.ts";
import { handOnFocus } from "./focus.ts";
import type { StoredPageSettings } from "./settings.ts";
import type { ToastQueue } from "./toast-queue.ts";

export interface CloseProps {
  readonly onClose: () => void;
}

export type OpenDialog = <Props extends CloseProps>(
  dialog: ComponentType<Props>,
  ...props: object extends Omit<Props, "onClose">
    ? [props?: Omit<Props, "onClose">]
    : [props: Omit<Props, "onClose">]
) => void;

/** Values that exist before the texts of the rooms have loaded, as on the sign-in form. */
export interface StartValue {
  readonly chat: PageClient;
  readonly texts: StartTexts;
  readonly times: Times;
  readonly previews: { instance?: Previews };
  readonly settings: StoredPageSettings;
  readonly change: (settings: Partial<StoredPageSettings>) => void;
  readonly show: (render: (close: () => void) => ReactNode) => void;
  readonly openDialog: OpenDialog;
  readonly layers: Layers;
  /** See `helpOf`. */
  readonly help: { instance?: HelpStore };
  readonly toasts: ToastQueue;
  readonly notify: (text: string) => void;
  readonly fail: (error: unknown) => void;
}

export interface PageValue extends StartValue {
  readonly texts: Texts;
}

const WIDE = "(min-width: 68.75em)";

/** Reports whether three columns fit. The width must match chat.css. */
export function isWide(): boolean {
  return matchMedia(WIDE).matches;
}

export function useWide(): boolean {
  return useMatches(WIDE);
}

/** Whether the rooms are a drawer. The width must match chat.css. */
export const NARROW = "not (min-width: 45em)";

export function useNarrow(): boolean {
  return useMatches(NARROW);
}

function useMatches(query: string): boolean {
  // Each row of a list asks, and a browser parses the query each time.
  const [list] = useState(() => matchMedia(query));
  const subscribe = useCallback((onChange: () => void) => listen(list, "change", onChange), [list]);
  return useSyncExternalStore(subscribe, () => list.matches);
}

export function isTouch(): boolean {
  return matchMedia("(pointer: coarse)").matches;
}

export const StartContext = createContext<StartValue | undefined>(undefined);
/** `undefined` until all texts have loaded. */
export const PageContext = createContext<PageValue | undefined>(undefined);

export function useStart(): StartValue {
  const start = useContext(StartContext);
  if (start === undefined) throw new Error("useStart needs a StartContext");
  return start;
}

export function useStartTexts(): StartTexts {
  return useStart().texts;
}

export function usePage(): PageValue {
  const page = useContext(PageContext);
  if (page === undefined) throw new Error("usePage needs a PageContext");
  return page;
}

export function useTexts(): Texts {
  return usePage().texts;
}

/** Returns the focus to its previous element when a layer or panel with the focus disappears. */
export function useOpener(isOpen: boolean): void {
  const opener = useRef<Element | null>(null);
  // Read before the effects of the content, which may move the focus.
  opener.current = isOpen ? (opener.current ?? document.activeElement) : null;
  useLayoutEffect(() => {
    if (!isOpen) return;
    const previous = opener.current;
    return () => queueMicrotask(() => handOnFocus(previous)); // It is still in the document.
  }, [isOpen]);
}

export function useLayer(
  close: () => void,
  isOpen = true,
  { ignoresEscape = false, isCover = false, address }: Omit<Layer, "close"> = {},
): void {
  const { layers } = useStart();
  const latest = useRef({ close, address });
  latest.current = { close, address };
  useOpener(isOpen);
  useLayoutEffect(() => {
    if (!isOpen) return;
    return layers.open({
      close: () => latest.current.close(),
      ignoresEscape,
      isCover,
      get address() {
        return latest.current.address;
      },
    });
  }, [layers, isOpen, ignoresEscape, isCover]);
  useLayoutEffect(() => {
    if (address !== undefined) layers.settle();
  }, [layers, address]);
}

export function useModel(): Model {
  const { chat } = useStart();
  return useSyncExternalStore(chat.store.subscribe, () => chat.model);
}

/** @param select must return the same object while its value is unchanged */
export function useModelValue<Value>(select: (model: Model) => Value): Value {
  const { chat } = useStart();
  return useSyncExternalStore(chat.store.subscribe, () => select(chat.model));
}

export function useOnline(): boolean {
  return useModelValue(({ connection }) => connection.kind === "online");
}

export interface RunningTask {
  readonly isBusy: boolean;
  readonly fault: unknown;
  readonly run: (task: () => Promise<unknown>) => void;
  /** Returns a listener that runs the task when its form is submitted. */
  readonly onSubmit: (task: () => Promise<unknown>) => (event: FormEvent) => void;
  readonly forget: () => void;
}

export function useTask(): RunningTask {
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(undefined);
  return useMemo(() => {
    const run: RunningTask["run"] = (task) => {
      setBusy(true);
      setFault(undefined);
      task()
        .catch((error: unknown) => setFault(error))
        .finally(() => setBusy(false));
    };
    const onSubmit: RunningTask["onSubmit"] = (task) => (event) => {
      event.preventDefault();
      run(task);
    };
    return { isBusy, fault, run, onSubmit, forget: () => setFault(undefined) };
  }, [isBusy, fault]);
}

export function FaultLine({ fault }: { readonly fault: unknown }) {
  const texts = useStartTexts();
  return (
    <Announced kind="fault" cause={fault} className="fault-line">
      {fault === undefined ? "" : faultText(fault, texts)}
    </Announced>
  );
}
