using System.Net.Sockets;
using MasterX.ServiceDefaults.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.ServiceDefaults.Startup;

/// <summary>Runs a service from its checked configuration to its end, and turns what keeps it from starting into one message and an exit code.</summary>
public static class ServiceRunner
{
    /// <summary>Exit code when the configuration is not usable (<c>EX_CONFIG</c> of sysexits.h).</summary>
    public const int ConfigurationExitCode = 78;

    /// <summary>Exit code when an address to listen on is taken (<c>EX_UNAVAILABLE</c> of sysexits.h).</summary>
    public const int AddressTakenExitCode = 69;

    /// <summary>Command-line switch: check the configuration, say what is wrong with it, and end.</summary>
    public const string CheckOnly = "--check-configuration";

    /// <summary>Checks the configuration, runs the service until it is asked to stop, and returns the exit code of the process.</summary>
    public static async Task<int> RunServiceAsync(this WebApplication app)
    {
        // The host is disposed by the time a failed start is reported.
        var name = app.Environment.ApplicationName;
        try
        {
            app.Services.GetRequiredService<ConfigurationCheck>().ThrowIfInvalid(name);
            if (Environment.GetCommandLineArgs().Contains(CheckOnly))
            {
                return 0;
            }

            await app.RunAsync();
            return 0;
        }
        catch (ConfigurationException problems)
        {
            await Console.Error.WriteLineAsync(problems.Message);
            return ConfigurationExitCode;
        }
        catch (IOException taken) when (taken.InnerException is AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
        {
            await Console.Error.WriteLineAsync($"{name} cannot start: {taken.Message} Stop whoever listens there, or set ASPNETCORE_URLS to another address.");
            return AddressTakenExitCode;
        }
    }
}
