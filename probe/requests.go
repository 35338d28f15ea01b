package probe

// Requests lists every question that a machine answers.
func Requests() []Request {
	return []Request{
		plain(ContainerList()),
		{Name: "container-log", Usage: "NAME", parse: parseContainerLog},
		plain(ContainerStates()),
		{Name: "containers", Usage: "once|twice", parse: parseContainers},
		plain(Disks()),
		plain(enginePing()),
		plain(VitalSigns()),
		{Name: "processes", Usage: "SECONDS", parse: parseProcesses},
		plain(BackupState()),
		plain(PackageState()),
		pluginRequest(),
		plain(RebootNotice()),
		plain(NetdataAlarms()),
		chartRequest(),
		redisRequest(),
		logsRequest(),
	}
}
