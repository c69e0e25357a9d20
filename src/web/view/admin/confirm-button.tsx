/** A button that asks before it acts. */

import { Button } from "../shell/button.tsx";
import { usePage } from "../shell/context.tsx";
import { confirm, type Question } from "../shell/dialog.tsx";

interface ConfirmButtonProps {
  /** For screen readers, if the action does not say what it is about. */
  readonly label?: string;
  readonly question: Question;
}

/** A small button of a list that asks before it acts. */
export function ConfirmButton({ label, question }: ConfirmButtonProps) {
  const page = usePage();
  return (
    <Button variant="small" aria-label={label} onClick={() => confirm(page, question)}>
      {question.action}
    </Button>
  );
}
