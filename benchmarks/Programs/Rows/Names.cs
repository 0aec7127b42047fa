namespace Programs.Rows;

/// <summary>Makes names: a few syllables each, the same for the same seed.</summary>
internal static class Names
{
    private static readonly string[] s_syllables = ["ka", "lo", "mi", "ne", "ru", "sa", "to", "vi", "zé", "hän"];

    public static string Next(Random random)
    {
        string name = "";
        for (int count = random.Next(2, 6); count > 0; count--)
        {
            name += s_syllables[random.Next(s_syllables.Length)];
        }

        return name;
    }
}
