import {
  createContext,
  type ReactNode,
  useContext,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";
import { Fault } from "../../base/fault.ts";
import { cleanText } from "../../base/text.ts";
import type { Model } from "../../core/model-state.ts";
import type { Chat } from "../chat.ts";
import type { Texts } from "../texts.ts";
import type { Previews } from "./previews.ts";
import type { Settings } from "./settings.ts";
import type { Times } from "./times.ts";

/** What every part of the page may use. The object stays the same while nothing of it changes. */
export interface PageValue {
  readonly chat: Chat;
  readonly texts: Texts;
  readonly times: Times;
  readonly previews: Previews;
  readonly settings: Settings;
  readonly change: (settings: Partial<Settings>) => void;
  /** Shows a dialog above all others; it is given what closes it. */
  readonly show: (render: (close: () => void) => ReactNode) => void;
  /** Says it to everybody, also to whoever does not see. */
  readonly say: (text: string) => void;
  /** Shows what went wrong, until somebody has seen it. */
  readonly fail: (error: unknown) => void;
}

/** Three columns fit from here on; page.css has the same number. */
export const WIDE_PX = 1_100;

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

/** What went wrong, in the language of the page as far as it has words for it. */
export function faultText(error: unknown, texts: Texts): string {
  if (!(error instanceof Fault)) return cleanText(String(error));
  const { message, remedy, code } = error;
  const known = texts.faults[code];
  return known === undefined ? cleanText(`${message}: ${remedy}`) : `${known}.`;
}

export interface Work {
  readonly isBusy: boolean;
  readonly fault: unknown;
  readonly run: (work: () => Promise<void>) => void;
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
