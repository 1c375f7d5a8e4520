{{- define "sre.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "sre.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* Labels that select the pods of one part. Call: (dict "root" $ "part" "web") */}}
{{- define "sre.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "sre.labels" -}}
{{ include "sre.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* A key of a Secret as it is in the cluster, or a new random one. Call: (dict "root" $ "secret" NAME "key" KEY) */}}
{{- define "sre.kept" -}}
{{- $found := lookup "v1" "Secret" .root.Release.Namespace .secret }}
{{- if and $found (hasKey ($found.data | default dict) .key) }}{{ index $found.data .key | b64dec }}
{{- else }}{{ randAlphaNum 64 }}{{ end }}
{{- end }}

{{- define "sre.keySecret" -}}
{{ .Values.secretKey.existingSecret | default (printf "%s-key" (include "sre.name" .)) }}
{{- end }}

{{- define "sre.databaseSecret" -}}
{{- if .Values.postgres.enabled }}{{ .Values.postgres.existingSecret | default (printf "%s-postgres" (include "sre.name" .)) }}
{{- else }}{{ required "postgres.enabled is false: database.existingSecret must name a Secret with the key url" .Values.database.existingSecret }}{{ end }}
{{- end }}

{{- define "sre.redisSecret" -}}
{{- if .Values.valkey.enabled }}{{ .Values.valkey.existingSecret | default (printf "%s-valkey" (include "sre.name" .)) }}
{{- else }}{{ required "valkey.enabled is false: redis.existingSecret must name a Secret with the key url" .Values.redis.existingSecret }}{{ end }}
{{- end }}

{{- define "sre.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "sre.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Environment of a process with a database. Call: (dict "root" $ "own" MAP "defaults" MAP) */}}
{{- define "sre.env" -}}
- name: DATABASE_URL_FILE
  value: /run/secrets/database/url
- name: REDIS_URL_FILE
  value: /run/secrets/redis/url
- name: SRE_SECRET_KEY_FILE
  value: /run/secrets/key/secret-key
- name: SRE_TLS
  value: {{ ternary "yes" "no" .root.Values.tls | quote }}
- name: SRE_ALLOWED_HOSTS
  value: {{ join "," .root.Values.hosts | quote }}
- name: SRE_TRUSTED_ORIGINS
  value: {{ printf "%s://%s" (ternary "https" "http" .root.Values.tls) (join (printf ",%s://" (ternary "https" "http" .root.Values.tls)) .root.Values.hosts) | quote }}
{{- $cluster := dict }}
{{- with .root.Values.rbac.readNamespaces }}
{{- $cluster = dict "KUBERNETES_NAMESPACES" (join "," .) }}
{{- end }}
{{- range $name, $value := merge (dict) .own .root.Values.env .defaults $cluster }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "sre.mounts" -}}
- name: tmp
  mountPath: /tmp
- name: database
  mountPath: /run/secrets/database
  readOnly: true
- name: redis
  mountPath: /run/secrets/redis
  readOnly: true
- name: key
  mountPath: /run/secrets/key
  readOnly: true
{{- end }}

{{/* Secret files that are meant for a part. Call: (dict "root" $ "part" "web") */}}
{{- define "sre.extraMounts" -}}
{{- $part := .part }}
{{- range .root.Values.secretFiles }}
{{- if has $part .for }}
- name: extra-{{ .name }}
  mountPath: /run/secrets/extra/{{ .name }}
  readOnly: true
{{- end }}
{{- end }}
{{- end }}

{{- define "sre.volumes" -}}
{{- $part := .part }}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
- name: database
  secret:
    secretName: {{ include "sre.databaseSecret" .root }}
    items: [{key: url, path: url}]
- name: redis
  secret:
    secretName: {{ include "sre.redisSecret" .root }}
    items: [{key: url, path: url}]
- name: key
  secret:
    secretName: {{ include "sre.keySecret" .root }}
    items: [{key: secret-key, path: secret-key}]
{{- range .root.Values.secretFiles }}
{{- if has $part .for }}
- name: extra-{{ .name }}
  secret:
    secretName: {{ .secret }}
{{- end }}
{{- end }}
{{- end }}

{{/* Wait until the migrate Job is done: it and the pods are made at the same time. */}}
{{- define "sre.waitForSchema" -}}
- name: wait-for-schema
  image: {{ include "sre.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [sh, -c, "until python manage.py migrate --check >/dev/null 2>&1; do sleep 3; done"]
  env:
    {{- include "sre.env" (dict "root" . "own" dict "defaults" dict) | nindent 4 }}
  resources:
    {{- toYaml .Values.migrate.resources | nindent 4 }}
  securityContext:
    {{- include "sre.containerSecurity" . | nindent 4 }}
  volumeMounts:
    {{- include "sre.mounts" . | nindent 4 }}
{{- end }}

{{- define "sre.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}
