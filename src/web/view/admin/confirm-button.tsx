/** A button that asks for confirmation. */

import { Button } from "../shell/button.tsx";
import { usePage } from "../shell/context.tsx";
import { confirm, type Question } from "../shell/dialog.tsx";

interface ConfirmButtonProps {
  readonly label?: string;
  readonly question: Question;
}

export function ConfirmButton({ label, question }: ConfirmButtonProps) {
  const page = usePage();
  return (
    <Button variant="small" aria-label={label} onClick={() => confirm(page, question)}>
      {question.action}
    </Button>
  );
}
