import { type FormEvent, type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { IconButton } from "./icons.tsx";
import { FaultLine, type PageValue, useTexts, useWork } from "./page-context.tsx";

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly className?: string;
}

/** Where the focus begins: at a field, else at what does least. */
const FIRST = ":is(.dialog-body input, .dialog-body select, .dialog-body button)";

/** A modal dialog of the browser: it holds the focus, closes by Esc, and gives the focus back. */
export function Dialog({ title, onClose, children, className = "" }: DialogProps) {
  const texts = useTexts();
  const titleId = useId();
  const ref = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    // Not the button that closes it, which stands first.
    dialog?.querySelector<HTMLElement>(FIRST)?.focus();
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc closes it; the click is one beside it
    <dialog
      ref={ref}
      className={`dialog ${className}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
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
          <IconButton icon="close" label={texts.close} onPress={onClose} />
        </header>
        <div className="dialog-body">{children}</div>
      </div>
    </dialog>
  );
}

export interface ConfirmProps {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly isDanger?: boolean;
  readonly onConfirm: () => unknown;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}

function Confirm(props: ConfirmProps) {
  const { title, text, action, isDanger, onConfirm, onClose, children } = props;
  const texts = useTexts();
  const work = useWork();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    work.run(async () => {
      await onConfirm();
      onClose();
    });
  };
  return (
    <Dialog title={title} onClose={onClose} className="dialog-small">
      <form onSubmit={submit}>
        <p dir="auto">{text}</p>
        {children}
        <FaultLine fault={work.fault} />
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            {texts.cancel}
          </button>
          <button
            type="submit"
            className={isDanger === true ? "button button-danger" : "button button-main"}
            disabled={work.isBusy}
          >
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export type Question = Omit<ConfirmProps, "onClose">;

export function confirm(page: PageValue, question: Question): void {
  page.show((close) => <Confirm {...question} onClose={close} />);
}
