/** A step of the launch or of the main job, with what it took. */
export interface JobStep {
  readonly what: string;
  readonly who: string;
  readonly ms: number;
}
