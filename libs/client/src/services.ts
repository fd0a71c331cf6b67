import {
  AgeIdentitiesView,
  type AskRecord,
  ClientList,
  type ClientParameters,
  Clinician,
  ClinicianList,
  type ClinicianParameters,
  ClinicianView,
  Department,
  DepartmentList,
  type DepartmentParameters,
  OpenOutcome,
  type RegisterClient,
  RegisteredClient,
  RegisteredPatient,
  type PatientIdentifier,
  RequestView,
  RecordStatus,
  ScrubView,
  StoredRecord,
  type TransferState,
  TransferView,
} from '@cpds/messages';
import type { z } from 'zod';
import { answerOf } from './exchange.js';
import { HttpClient, type HttpClientOptions } from './http-client.js';

/** What identity can disable, by the name of its list. */
export type Disabled = 'clients' | 'departments' | 'clinicians';

const disablement = (of: Disabled, id: string): string => `${of}/${encodeURIComponent(id)}/disablement`;

/** identity, as the hospital's backend and its administrators use it. */
export class IdentityClient {
  private readonly http: HttpClient;

  constructor(options: HttpClientOptions) {
    this.http = new HttpClient(options);
  }

  /** A new patient and the one-time code to enrol a wallet with (scope identity.admin). */
  registerPatient(identifier: PatientIdentifier): Promise<z.infer<typeof RegisteredPatient>> {
    return this.http.post('patients', { identifier }, RegisteredPatient);
  }

  /** A new department with keys in custody (scope identity.admin). */
  registerDepartment(name: string): Promise<Department> {
    return this.http.post('departments', { name }, Department);
  }

  /** A new clinician of a department (scope identity.admin). */
  registerClinician(departmentId: string, registration: string): Promise<z.infer<typeof Clinician>> {
    return this.http.post('clinicians', { departmentId, registration }, Clinician);
  }

  /** A new backend, or another key and other scopes for the one of this name (scope identity.admin). */
  registerClient(client: RegisterClient): Promise<z.infer<typeof RegisteredClient>> {
    return this.http.post('clients', client, RegisteredClient);
  }

  /** A hundred backends or wallets at most, by name, and where the next begin (scope identity.admin). */
  clients(query: z.input<typeof ClientParameters> = {}): Promise<ClientList> {
    return this.http.get('clients', ClientList, query);
  }

  /** A hundred departments at most, by name, and where the next begin (scope identity.admin). */
  departments(query: z.input<typeof DepartmentParameters> = {}): Promise<DepartmentList> {
    return this.http.get('departments', DepartmentList, query);
  }

  /** A hundred clinicians at most, by id, and where the next begin (scope identity.admin). */
  clinicians(query: z.input<typeof ClinicianParameters> = {}): Promise<ClinicianList> {
    return this.http.get('clinicians', ClinicianList, query);
  }

  /** The clinician of a registration (scope identity.admin). @throws AppError `clinician-unknown` */
  matchClinician(registration: string): Promise<ClinicianView> {
    return this.http.post('clinicians/match', { registration }, ClinicianView);
  }

  /**
   * Disables a client (a backend or a wallet), a department or a clinician; again, it changes nothing (scope identity.admin).
   *
   * @throws AppError `client-unknown`, `own-client`, `department-unknown`, `clinician-unknown`
   */
  async disable(of: Disabled, id: string): Promise<void> {
    await this.http.raw('POST', disablement(of, id), {}, {});
  }

  /** Takes a disablement back; again, it changes nothing (scope identity.admin). @throws AppError as `disable` */
  async enable(of: Disabled, id: string): Promise<void> {
    await this.http.raw('DELETE', disablement(of, id), {}, {});
  }
}

/** records, as the hospital's backend uses it. */
export class RecordsClient {
  private readonly http: HttpClient;

  constructor(options: HttpClientOptions) {
    this.http = new HttpClient(options);
  }

  /** Uploads one record of `sizeBytes` as a stream (scope records.write); never repeated, since a stream is read once. */
  async upload(
    patientId: string,
    category: string,
    contentType: string,
    body: ReadableStream<Uint8Array> | Uint8Array,
    sizeBytes: number,
    timeoutMs: number = 300_000,
  ): Promise<StoredRecord> {
    // The announced length is how records knows an upload that was cut off.
    const headers = { 'content-type': contentType, 'content-length': String(sizeBytes) };
    const response = await this.http.raw(
      'POST',
      'records',
      { patient: patientId, category },
      { body, headers, timeoutMs, attempts: 1 },
    );
    return answerOf(response, StoredRecord, 'answer of POST records');
  }

  /** A stored record and the state of its deed (scope records.read). */
  status(recordId: string): Promise<RecordStatus> {
    return this.http.get(`records/${recordId}/status`, RecordStatus);
  }

  /** Begins to compare every object with its row, or shows the scrub under way (scope records.operate). */
  beginScrub(): Promise<ScrubView> {
    return this.http.post('scrubs', {}, ScrubView);
  }

  /** How far a scrub is, and what is damaged (scope records.operate). */
  scrub(scrubId: string): Promise<ScrubView> {
    return this.http.get(`scrubs/${scrubId}`, ScrubView);
  }

  /** Which age identities open what is kept, and how far a rotation is (scope records.operate). */
  ageIdentities(): Promise<AgeIdentitiesView> {
    return this.http.get('age-identities', AgeIdentitiesView);
  }
}

/** bridge, as the hospital's backend uses it. */
export class BridgeClient {
  private readonly http: HttpClient;

  constructor(options: HttpClientOptions) {
    this.http = new HttpClient(options);
  }

  /** Asks another hospital for a record (scope bridge.request). */
  ask(request: z.infer<typeof AskRecord>): Promise<RequestView> {
    return this.http.post('requests', request, RequestView);
  }

  /** The state of a request (scope bridge.read). */
  request(requestId: string): Promise<RequestView> {
    return this.http.get(`requests/${requestId}`, RequestView);
  }

  /** Where a transfer is and what it waits for (scope bridge.read); waits up to `waitSeconds` (at most 25) while it is in `whileState`. */
  transfer(grantId: string, whileState?: TransferState, waitSeconds = 20): Promise<TransferView> {
    if (whileState === undefined) return this.http.get(`grants/${grantId}`, TransferView);
    const timeoutMs = 15_000 + 1_000 * waitSeconds;
    return this.http.get(`grants/${grantId}`, TransferView, { whileState, waitSeconds }, { timeoutMs });
  }

  /** Asks the storemen for the key of a mapped transfer (scope bridge.open); repeatable. */
  open(grantId: string): Promise<OpenOutcome> {
    return this.http.post(`grants/${grantId}/open`, {}, OpenOutcome, { timeoutMs: 30_000 });
  }
}
