using System.Globalization;
using NativeBuffers.Benchmarks.Servers;

// Kestrel with the platform's pool against Kestrel with the library's, each in a process of its own, in turns.
switch (args)
{
    case ["serve", string pool]:
        await Served.RunAsync(isOurs: pool == "ours");
        return 0;

    case []:
        return await Comparison.RunAsync(rounds: 5, seconds: 2);

    case [string rounds, string seconds]:
        return await Comparison.RunAsync(int.Parse(rounds, CultureInfo.InvariantCulture), int.Parse(seconds, CultureInfo.InvariantCulture));

    default:
        Console.Error.WriteLine("Give nothing, or the number of rounds and the seconds of each.");
        return 2;
}
