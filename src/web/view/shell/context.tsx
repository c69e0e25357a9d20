import {
  createContext,
  type ReactNode,
  useContext,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";
import type { Model } from "../../../core/model/state.ts";
import type { Texts } from "../../../ui/messages/en/first.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import type { Times } from "../../../ui/text/times.ts";
import type { Chat } from "../../driver/chat.ts";
import type { Previews } from "../../transfer/previews.ts";
import type { EmojiPart, LazyParts, PartsLoader } from "./lazy.tsx";
import type { Settings } from "./settings.ts";
import type { ToastQueue } from "./toast-queue.ts";

/** What every part of the page may use. The object stays the same while nothing of it changes. */
export interface PageValue {
  readonly chat: Chat;
  readonly texts: Texts;
  readonly times: Times;
  /** Made by the part that shows pictures. */
  readonly previews: { made?: Previews };
  readonly lazy: PartsLoader<LazyParts>;
  readonly emoji: PartsLoader<EmojiPart>;
  readonly settings: Settings;
  readonly change: (settings: Partial<Settings>) => void;
  /** Shows a dialog above all others; it is given what closes it. */
  readonly show: (render: (close: () => void) => ReactNode) => void;
  readonly toasts: ToastQueue;
  /** Announces it in the live region, for screen readers alone. */
  readonly say: (text: string) => void;
  /** Shows a toast with what was done. */
  readonly notify: (text: string) => void;
  /** Shows a toast with what went wrong. */
  readonly fail: (error: unknown) => void;
}

/** Three columns fit, in the font size that the browser is set to; page.css has the same number. */
export function isWide(): boolean {
  return matchMedia("(min-width: 68.75em)").matches;
}

export const PageContext = createContext<PageValue | undefined>(undefined);

export function usePage(): PageValue {
  const page = useContext(PageContext);
  if (page === undefined) throw new Error("a part of the page stands outside of it");
  return page;
}

export function useTexts(): Texts {
  return usePage().texts;
}

export function useModel(): Model {
  const { chat } = usePage();
  return useSyncExternalStore(chat.subscribe, () => chat.model);
}

/** A part of the model that stays the same object while it does not change. */
export function useFact<Value>(select: (model: Model) => Value): Value {
  const { chat } = usePage();
  return useSyncExternalStore(chat.subscribe, () => select(chat.model));
}

export interface Work {
  readonly isBusy: boolean;
  readonly fault: unknown;
  readonly run: (work: () => Promise<unknown>) => void;
  readonly forget: () => void;
}

/** Of a form: something is asked of the server, and its refusal stands beside the form. */
export function useWork(): Work {
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(undefined);
  return useMemo(
    () => ({
      isBusy,
      fault,
      forget: () => setFault(undefined),
      run: (work) => {
        setBusy(true);
        setFault(undefined);
        work()
          .catch((error: unknown) => setFault(error))
          .finally(() => setBusy(false));
      },
    }),
    [isBusy, fault],
  );
}

export function FaultLine({ fault }: { readonly fault: unknown }) {
  const texts = useTexts();
  return (
    <p className="fault-line" role="alert">
      {fault === undefined ? "" : faultText(fault, texts)}
    </p>
  );
}
