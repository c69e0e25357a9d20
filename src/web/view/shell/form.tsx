/** Form fields with labels and errors. */

import { type ChangeEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { useStartTexts } from "./context.tsx";
import { listen } from "./effects.ts";
import { Icon } from "./icons.tsx";

interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly type?: "text" | "password" | "date";
  readonly complete?: string;
  readonly isRequired?: boolean;
  readonly isFirst?: boolean;
  readonly fault?: ReactNode;
}

/** Focuses a field on mount, because browsers honour `autofocus` only once per document. */
export function focusOnMount(field: HTMLElement | null): void {
  field?.focus();
}

/** Keeps password managers from filling the field or storing its value as the user's password. */
const NO_PASSWORD_MANAGER = { "data-1p-ignore": "", "data-bwignore": "", "data-lpignore": "true" };

export function Field(props: FieldProps) {
  const { id, label, hint, value, onChange, type = "text", complete = "off" } = props;
  const { isRequired, isFirst, fault } = props;
  const [isRevealed, setRevealed] = useState(false);
  const ref = useRef<HTMLInputElement>(null);
  const isSecret = type === "password";
  useEffect(() => {
    // Hides the password before the submit, because password managers read the submitted field.
    return listen(isSecret ? ref.current?.form : undefined, "submit", () => setRevealed(false));
  }, [isSecret]);
  useEffect(() => {
    // The user may already type into another field, whose next letters would come here.
    const typedInto = ref.current?.form?.querySelector("[type=text]:focus, [type=password]:focus");
    if (isFirst === true && !typedInto) focusOnMount(ref.current);
  }, [isFirst]);
  const describedBy = [fault && `${id}-fault`, hint && `${id}-hint`].filter(Boolean).join(" ");
  const input = (
    <input
      id={id}
      name={id}
      ref={ref}
      type={isRevealed ? "text" : type}
      value={value}
      autoComplete={complete}
      autoCapitalize="none"
      spellCheck="false"
      required={isRequired === true}
      aria-describedby={describedBy || undefined}
      aria-invalid={fault ? true : undefined}
      {...(isSecret && complete === "off" ? NO_PASSWORD_MANAGER : {})}
      onChange={(event) => onChange(event.target.value)}
    />
  );
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {isSecret ? (
        <Secret label={label} isRevealed={isRevealed} setRevealed={setRevealed}>
          {input}
        </Secret>
      ) : (
        input
      )}
      {fault ? (
        <div className="fault-line" id={`${id}-fault`}>
          {fault}
        </div>
      ) : null}
      {hint === undefined ? null : (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface SecretProps {
  readonly label: string;
  readonly isRevealed: boolean;
  readonly setRevealed: (isRevealed: boolean) => void;
  readonly children: ReactNode;
}

function Secret({ label, isRevealed, setRevealed, children }: SecretProps) {
  const texts = useStartTexts();
  return (
    <div className="secret">
      {children}
      <button
        type="button"
        className="icon-button"
        aria-label={texts.showSecret(label)}
        title={texts.showSecret(label)}
        aria-pressed={isRevealed}
        // Keeps the focus in the field, and the keyboard of a phone open.
        onMouseDown={(event) => event.preventDefault()}
        onClick={() => setRevealed(!isRevealed)}
      >
        <Icon name="eye" />
      </button>
    </div>
  );
}

interface SelectFieldProps<Value extends string | number> {
  readonly id: string;
  readonly label: string;
  readonly value: Value;
  readonly options: readonly (readonly [value: Value, name: string])[];
  readonly onChange: (value: Value) => void;
  readonly isLanguage?: boolean;
}

export function SelectField<Value extends string | number>(props: SelectFieldProps<Value>) {
  const { id, label, value, options, onChange, isLanguage } = props;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={value}
        onChange={({ target }) => {
          const [chosen] = options[target.selectedIndex] ?? [];
          if (chosen !== undefined) onChange(chosen);
        }}
      >
        {options.map(([option, name]) => (
          <option
            key={option}
            value={option}
            lang={isLanguage === true ? String(option) : undefined}
          >
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

interface CheckProps {
  readonly label: string;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}

export function Check({ label, isOn, onChange }: CheckProps) {
  const change = ({ target }: ChangeEvent<HTMLInputElement>) => {
    const { checked } = target;
    // Shows the actual state if the request is refused, because a refusal causes no rendering.
    target.checked = isOn;
    onChange(checked);
  };
  return (
    <label className="check">
      <input type="checkbox" checked={isOn} onChange={change} />
      {label}
    </label>
  );
}
