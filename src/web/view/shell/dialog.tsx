/** Modal dialogs, with and without a form. */

import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { placeTitle } from "../../../ui/text/target-text.ts";
import { GuessDelayNotice } from "../login/guess-delay.tsx";
import { AnnouncementRegions } from "./announced.tsx";
import { Button } from "./button.tsx";
import {
  FaultLine,
  type PageValue,
  type StartValue,
  useLayer,
  useNarrow,
  useStart,
  useStartTexts,
  useTask,
} from "./context.tsx";
import { IconButton } from "./icons.tsx";
import type { MenuItem } from "./menu.tsx";
import { Toasts } from "./toasts.tsx";

export interface DialogProps {
  readonly title: string;
  /** Line below the title. */
  readonly note?: string | undefined;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly className?: string;
  /** Buttons at the end of the head. */
  readonly tools?: ReactNode;
  /** Called once the page below can have the focus again. */
  readonly onClosed?: () => void;
}

/** Element with the initial focus: a field, or else the least consequential button. */
const FIRST = ".dialog-body :is(input, select, textarea, button)";
/** Text before the first field or button, which screen readers pass over unless it describes it. */
const INTRO = ":is(.dialog-body, .dialog-body > form) > p:first-child";

export function Dialog(props: DialogProps) {
  const { title, note, onClose, onClosed, children, className = "", tools } = props;
  const { texts, layers } = useStart();
  const titleId = useId();
  const isPage = useNarrow() && /\bis-page\b/.test(className);
  const ref = useRef<HTMLDialogElement>(null);
  const latestOnClosed = useRef(onClosed);
  latestOnClosed.current = onClosed;
  useLayer(onClose, true, { isCover: true });
  useLayoutEffect(() => {
    const dialog = ref.current;
    const intro = dialog?.querySelector(INTRO);
    if (intro) {
      intro.id ||= `${titleId}-intro`;
      dialog?.setAttribute("aria-describedby", intro.id);
    }
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>(FIRST)?.focus();
    return () => {
      dialog?.close();
      latestOnClosed.current?.();
    };
  }, [titleId]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc closes the dialog, like a click beside it
    <dialog
      ref={ref}
      className={`dialog ${className}`}
      aria-labelledby={note === undefined ? titleId : `${titleId} ${titleId}-note`}
      onCancel={(event) => {
        event.preventDefault();
        if (event.target === ref.current) layers.closeTop();
      }}
      // Browsers on phones may close a dialog without asking.
      onClose={(event) => {
        if (event.target === ref.current) onClose();
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <div className="dialog-inside">
        <header className="dialog-head">
          <h2 id={titleId} dir="auto">
            {title}
          </h2>
          <IconButton
            icon={isPage ? "back" : "close"}
            label={texts.close}
            className="dialog-close"
            onPress={onClose}
          />
          {tools}
          {note === undefined ? null : (
            <p id={`${titleId}-note`} className="dialog-note" dir="auto">
              {note}
            </p>
          )}
        </header>
        <div className="dialog-body">{children}</div>
        <Toasts level="dialog" />
        <AnnouncementRegions />
      </div>
    </dialog>
  );
}

export interface FormDialogProps extends DialogProps {
  readonly action: string;
  readonly isDanger?: boolean | undefined;
  /** If the promise resolves to `false` or rejects, the dialog stays open and shows the error. */
  readonly onSubmit: () => unknown;
}

export function FormDialog(props: FormDialogProps) {
  const {
    title,
    action,
    isDanger,
    onSubmit,
    onClose,
    children,
    className = "dialog-small",
  } = props;
  const texts = useStartTexts();
  const task = useTask();
  const submit = task.onSubmit(async () => {
    if ((await onSubmit()) !== false) onClose();
  });
  return (
    <Dialog title={title} onClose={onClose} className={className}>
      <form onSubmit={submit}>
        {children}
        <GuessDelayNotice />
        <FaultLine fault={task.fault} />
        <div className="dialog-actions">
          <Button onClick={onClose}>{texts.cancel}</Button>
          <Button
            type="submit"
            variant={isDanger === true ? "danger" : "main"}
            disabled={task.isBusy}
          >
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

export interface DialogQuestion {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly isDanger?: boolean;
  readonly onConfirm: () => unknown;
  readonly children?: ReactNode;
}

export function deleteQuestion(
  { texts }: PageValue,
  onConfirm: DialogQuestion["onConfirm"],
): DialogQuestion {
  const { deleteAsk: title, deleteExplained: text, deleteMessage: action } = texts;
  return { title, text, action, isDanger: true, onConfirm };
}

export function confirmSeal(page: PageValue, target: string): void {
  const { texts, chat } = page;
  const { open } = chat.model;
  confirm(page, {
    title: texts.sealConversation,
    text: texts.sealExplained(placeTitle(chat.model, target, texts).replace(/^@/, "")),
    action: texts.sealConversation,
    onConfirm: () => chat.actions.seal(target, () => chat.model.open === open),
  });
}

/** @param isLast whether no moderator would remain */
export function leaveQuestion(
  { texts, chat }: PageValue,
  room: string,
  isLast: boolean,
): DialogQuestion & { readonly text: string } {
  return {
    title: texts.leaveAsk(placeTitle(chat.model, room, texts)),
    text: isLast ? texts.leaveLast : texts.leaveExplained,
    action: texts.leaveRoom,
    isDanger: true,
    onConfirm: () => chat.actions.leave(room),
  };
}

export function confirmItem(page: StartValue, question: DialogQuestion): MenuItem {
  const { action: label, isDanger = false } = question;
  return { label, isDanger, onChoose: () => confirm(page, question) };
}

export function confirm(page: StartValue, question: DialogQuestion): void {
  const { title, text, action, isDanger, onConfirm, children } = question;
  page.show((close) => (
    <FormDialog
      title={title}
      action={action}
      isDanger={isDanger}
      onClose={close}
      onSubmit={onConfirm}
    >
      <p dir="auto">{text}</p>
      {children}
    </FormDialog>
  ));
}

interface ConfirmButtonProps {
  readonly label?: string;
  readonly question: DialogQuestion;
}

export function ConfirmButton({ label, question }: ConfirmButtonProps) {
  const page = useStart();
  return (
    <Button variant="small" aria-label={label} onClick={() => confirm(page, question)}>
      {question.action}
    </Button>
  );
}
