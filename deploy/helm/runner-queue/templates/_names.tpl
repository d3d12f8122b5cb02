{{/* What all objects of a release are called, and known by. */}}
{{- define "runner-queue.name" -}}
{{- if contains "runner-queue" .Release.Name }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}{{ else }}{{ printf "%s-runner-queue" .Release.Name | trunc 63 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "runner-queue.selector" -}}
app.kubernetes.io/name: runner-queue
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "runner-queue.labels" -}}
{{ include "runner-queue.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "runner-queue.secret" -}}
{{- .Values.existingSecret | default (include "runner-queue.name" .) }}
{{- end }}
