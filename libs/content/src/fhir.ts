import type { NamedPatient } from '@cpds/messages';
import { notWhatItSays, Utf8Check, type ContentCheck } from './content-check.js';
import { resourceTypes } from './fhir-resource-types.js';
import { JsonReader } from './json-reader.js';
import { NamedPatients } from './named-patients.js';

/** Value set of Bundle.type (hl7.org/fhir/R4/valueset-bundle-type.html). */
const bundleTypes = new Set([
  'document',
  'message',
  'transaction',
  'transaction-response',
  'batch',
  'batch-response',
  'history',
  'searchset',
  'collection',
]);

/**
 * One FHIR R4 resource in JSON: an object that names a known `resourceType` once; a Bundle names its `type` too. Does
 * not check profiles and cardinalities: a resource that passes may still be invalid.
 */
export class FhirCheck implements ContentCheck {
  private readonly utf8 = new Utf8Check();
  private readonly members = new Map<string, string | undefined>();
  private readonly named = new NamedPatients();
  private readonly reader = new JsonReader((name, value) => {
    if (name !== 'resourceType' && name !== 'type') return;
    if (this.members.has(name)) throw notWhatItSays(name, 'it is named twice');
    this.members.set(name, value);
  }, this.named);

  patients(): NamedPatient[] {
    return this.named.all;
  }

  push(bytes: Uint8Array): void {
    this.utf8.push(bytes);
    this.reader.push(bytes);
  }

  end(): void {
    this.utf8.end();
    this.reader.end();
    const resourceType = this.members.get('resourceType');
    if (resourceType === undefined) throw notWhatItSays('resourceType', 'a FHIR resource names its type');
    if (!resourceTypes.has(resourceType)) throw notWhatItSays('resourceType', 'it is not a resource type of FHIR R4');
    if (resourceType === 'Bundle' && !bundleTypes.has(this.members.get('type') ?? ''))
      throw notWhatItSays('type', 'a Bundle names its type');
  }
}
