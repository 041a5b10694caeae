/** Where the bucket is and who may use it. Path-style addressing. */
export interface S3Config {
  /** URL without a trailing slash, such as `https://s3.eu-central-1.amazonaws.com`. */
  readonly endpoint: string;
  readonly bucket: string;
  /** As the signature wants it; `auto` suits R2. */
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Put before every key: empty, or ending in `/`. */
  readonly prefix: string;
}
