using MasterX.Doctor;

// Arguments: the checkout's root. Prints one line per check; exit code 1 when something is to be done.
var root = Path.GetFullPath(args is [var given, ..] ? given : ".");
var report = new Report();
AssemblyCheck.Run(root, report);
ContainerRuntimeCheck.Run(report);
PortCheck.Run(root, report);
VariableCheck.Run(root, report);
return report.ExitCode;
