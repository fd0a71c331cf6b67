import type { NamedPatient } from '@cpds/messages';
import type { ObjectListener } from './json-reader.js';

/** Patients that one body is asked about at most; a record of one patient names a few identifiers. */
export const mostNamed = 256;

/** What an open object of a FHIR body has told so far. */
interface Frame {
  name: string;
  texts: Map<string, string>;
  identifiers: NamedPatient[];
}

/** Members that say of whom a resource is (hl7.org/fhir/R4/patient.html#compartment). */
const subjects = new Set(['subject', 'patient']);

/** A reference to a patient by this hospital's own pseudonym. */
const pseudonym = /(?:^|\/)Patient\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** One of two code units that stand for a character only together. */
const halfCharacter = /\p{Surrogate}/u;

/**
 * Patients that a FHIR body names, as it streams past: identifiers of every Patient resource, wherever it lies, and of
 * every `subject` and `patient`. Holds the objects that are open, and at most 256 names.
 */
export class NamedPatients implements ObjectListener {
  readonly wanted: ReadonlySet<string> = new Set(['resourceType', 'system', 'value', 'reference']);
  private readonly frames: Frame[] = [];
  private readonly named = new Map<string, NamedPatient>();

  get all(): NamedPatient[] {
    return [...this.named.values()];
  }

  begin(name: string): void {
    this.frames.push({ name, texts: new Map(), identifiers: [] });
  }

  text(name: string, value: string): void {
    this.frames.at(-1)?.texts.set(name, value);
  }

  end(): void {
    const frame = this.frames.pop();
    if (!frame) return;
    const { name, texts, identifiers } = frame;
    const [system, value] = [texts.get('system'), texts.get('value')];
    const around = this.frames.at(-1);
    // A text with half a character in it is nobody's identifier, and has no canonical form to compare.
    const isText = !halfCharacter.test(`${system ?? ''}\n${value ?? ''}`);
    if (name === 'identifier' && value && isText && around && around.identifiers.length < mostNamed)
      around.identifiers.push(system ? { system, value } : { value });
    const isPatient = texts.get('resourceType') === 'Patient';
    if (!isPatient && !subjects.has(name)) return;
    for (const one of identifiers) this.add(one);
    const [, patientId] = pseudonym.exec(texts.get('reference') ?? '') ?? [];
    if (patientId && !isPatient) this.add({ patientId });
  }

  private add(one: NamedPatient): void {
    if (this.named.size < mostNamed) this.named.set(JSON.stringify(one), one);
  }
}
