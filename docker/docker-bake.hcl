# docker buildx bake --file docker/docker-bake.hcl cpu, with the arguments of that image in the environment:
#   set -a; eval "$(.tools/bin/verify image arguments cpu --base NAME@sha256:…)"; set +a
# The build refuses arguments that are another image's, or another tree's.

variable "BASE_IMAGE" {
  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", BASE_IMAGE))
    error_message = "BASE_IMAGE names the base by digest: NAME@sha256:…"
  }
}
variable "BASE_DIGEST" { default = "" }
variable "LOCK_DIGEST" { default = "" }
variable "SOURCE_DIGEST" { default = "" }
variable "SOURCE_DATE_EPOCH" { default = "1735689600" }
variable "VERSION" { default = "" }

group "default" {
  targets = ["cpu"]
}

target "image" {
  context    = "."
  dockerfile = "docker/Dockerfile"
  platforms  = ["linux/amd64"]
  args = {
    BASE_IMAGE        = BASE_IMAGE
    BASE_DIGEST       = BASE_DIGEST
    LOCK_DIGEST       = LOCK_DIGEST
    SOURCE_DIGEST     = SOURCE_DIGEST
    SOURCE_DATE_EPOCH = SOURCE_DATE_EPOCH
    VERSION           = VERSION
  }
}

target "cpu" {
  inherits = ["image"]
  target   = "cpu"
  args     = { ENVIRONMENT = "cpu" }
  tags     = ["localhost/llm-verify:cpu"]
  output   = ["type=docker,rewrite-timestamp=true"]
}

target "cuda" {
  inherits = ["image"]
  target   = "cuda"
  args     = { ENVIRONMENT = "cuda" }
  tags     = ["localhost/llm-verify:cuda"]
  output   = ["type=docker,rewrite-timestamp=true"]
}
